-- Versions of a credential, newest first, one step.
-- It reads only.
--
-- ARGV: layout, hub, folded name, most rows, bytes after which the step ends,
--       cursor (sequence of the last row seen; empty: from the newest on),
--       actor whose grants to read count (or empty), fields...
-- Answers: ok, next cursor (empty: no more), folded name, grants, id of the
--          transitional version (or empty), array of field values..., or
--          missing

local refused = refusal()
if refused then
    return refused
end

local found = standing(ARGV[3])
if not found then
    return { 'missing' }
end

local limit = math.min(tonumber(ARGV[4]), STEP)
local bytes = tonumber(ARGV[5])
local cursor = ARGV[6]

local ids = redis.call('ZREVRANGEBYSCORE',
    prefix .. 'versions:' .. found.credential,
    cursor == '' and '+inf' or '(' .. cursor, '-inf', 'WITHSCORES',
    'LIMIT', 0, limit)

if found.state == 'committed' then
    local sequence = redis.call('HGET', prefix .. 'version:' .. found.staged,
        'sequence')
    if cursor == '' or tonumber(sequence) < tonumber(cursor) then
        table.insert(ids, 1, sequence)
        table.insert(ids, 1, found.staged)
    end
end

local answer = { 'ok', '', ARGV[3], grants(ARGV[7], 'r', ARGV[3]),
    found.transitional or '' }

for i = 1, #ids, 2 do
    local row = redis.call('HMGET', prefix .. 'version:' .. ids[i],
        unpack(ARGV, 8))
    for _, value in ipairs(row) do
        bytes = bytes - string.len(value or '')
    end
    answer[#answer + 1] = row

    if bytes <= 0 or (i + 1) / 2 == limit then
        answer[2] = ids[i + 1]
        break
    end
end

return answer
