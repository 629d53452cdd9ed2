-- One step of an index of objects, in the order of creation.
-- It reads only.
--
-- ARGV: layout, hub, index, sequence to go on behind, most rows, bytes after
--       which the step ends, actor whose grants to read count (or empty), kind
--       of which the object that each refers to is told (or empty)
-- Answers: ok, next sequence (0: no more), { row, grants, attributes of that
--          object }...

local refused = refusal()
if refused then
    return refused
end

local limit, bytes = math.min(tonumber(ARGV[5]), STEP), tonumber(ARGV[6])
local answer = { 'ok', '0' }

local function related(key, kind)
    local refs = redis.call('HGET', prefix .. 'object:' .. key, 'refs') or ''
    for ref in string.gmatch(refs, '%S+') do
        if key_parts(ref) == kind then
            return redis.call('HGET', prefix .. 'object:' .. ref, 'attributes')
        end
    end
end

-- one more tells whether there is more
local keys = redis.call('ZRANGEBYSCORE', prefix .. ARGV[3], '(' .. ARGV[4],
    '+inf', 'WITHSCORES', 'LIMIT', 0, limit + 1)

for i = 1, #keys, 2 do
    local row = object_row(keys[i])
    answer[#answer + 1] = { row or {},
        grants(ARGV[7], 'r', object_path(keys[i])),
        ARGV[8] ~= '' and related(keys[i], ARGV[8]) or '' }

    if row then
        bytes = bytes - string.len(row[4] or '') - string.len(row[5] or '')
    end
    if (bytes <= 0 or (i + 1) / 2 == limit) and keys[i + 2] then
        answer[2] = keys[i + 1]
        break
    end
end

return answer
