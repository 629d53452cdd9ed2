-- Versions of a credential, newest first, one step.
--
-- ARGV: layout, hub, folded name, most rows, bytes after which the step ends,
--       cursor (sequence of the last row seen; empty: from the newest on),
--       actor whose grants to read count (or empty), fields...
-- Answers: ok, next cursor (empty: no more), folded name, grants, array of
--          field values..., or missing

local refused = refusal()
if refused then
    return refused
end

local credential = redis.call('HGET', prefix .. 'credential:' .. ARGV[3],
    'credential')
if not credential then
    return { 'missing' }
end

local limit = math.min(tonumber(ARGV[4]), STEP)
local bytes = tonumber(ARGV[5])
local from = ARGV[6] == '' and '+inf' or '(' .. ARGV[6]

local ids = redis.call('ZREVRANGEBYSCORE', prefix .. 'versions:' .. credential,
    from, '-inf', 'WITHSCORES', 'LIMIT', 0, limit)

local answer = { 'ok', '', ARGV[3], grants(ARGV[7], 'r', ARGV[3]) }

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
