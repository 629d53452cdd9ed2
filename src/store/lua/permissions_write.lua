-- Writes permissions: all of them or none.
--
-- ARGV: layout, hub, number of records, records..., guard
-- A record: "put" or "delete", id, path, folded path, actor, folded actor,
--       operations, MAC, expected MAC (empty: no such permission yet), number
--       of grants, field and value of each
-- Answers: ok, or exists: there is one already; stale: the expectation
--       failed

local refused = write_refusal()
if refused then
    return refused
end

local OPERATIONS = { 'r', 'w', 'd', 'R', 'W' }

local records, at = {}, 4

for i = 1, tonumber(ARGV[3]) do
    local n = tonumber(ARGV[at + 9])
    records[i] = {
        op = ARGV[at], id = ARGV[at + 1],
        path = ARGV[at + 2], folded = ARGV[at + 3],
        actor = ARGV[at + 4], caller = ARGV[at + 5],
        operations = ARGV[at + 6], mac = ARGV[at + 7],
        expected = ARGV[at + 8], from = at + 10, to = at + 9 + 2 * n
    }
    at = at + 10 + 2 * n
end

refused = denial(at)
if refused then
    return refused
end

for _, record in ipairs(records) do
    local id = redis.call('HGET', prefix .. 'actor:' .. record.caller,
        record.folded)
    if record.expected == '' then
        if id then
            return { 'exists' }
        end
    elseif id ~= record.id or record.expected ~= redis.call('HGET',
        prefix .. 'permission:' .. record.id, 'mac')
    then
        return { 'stale' }
    end
    redis.call('ZCARD', prefix .. 'path:' .. record.folded)
    redis.call('HGET', prefix .. 'grants:' .. record.caller, '')
    redis.call('XLEN', prefix .. 'changes')
end

-- From here on only writes. The first one of a "put" is refused when memory is
-- out; a "delete" frees some.
for _, record in ipairs(records) do
    record.sequence = record.op == 'put' and next_sequence()
end

for _, record in ipairs(records) do
    local grants_key = prefix .. 'grants:' .. record.caller

    if record.op == 'put' then
        redis.call('HSET', prefix .. 'permission:' .. record.id,
            'path', record.path, 'actor', record.actor,
            'operations', record.operations, 'mac', record.mac)
        redis.call('HSET', prefix .. 'actor:' .. record.caller,
            record.folded, record.id)
        redis.call('ZADD', prefix .. 'path:' .. record.folded,
            'NX', record.sequence, record.id)
    else
        redis.call('UNLINK', prefix .. 'permission:' .. record.id)
        redis.call('HDEL', prefix .. 'actor:' .. record.caller, record.folded)
        redis.call('ZREM', prefix .. 'path:' .. record.folded, record.id)
    end

    for _, operation in ipairs(OPERATIONS) do
        redis.call('HDEL', grants_key, operation .. record.folded)
    end
    for i = record.from, record.to, 2 do
        redis.call('HSET', grants_key, ARGV[i], ARGV[i + 1])
    end

    changed('permission', record.caller, record.id)
end

return { 'ok' }
