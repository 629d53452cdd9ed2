-- The permissions on exactly one path, one step.
-- It reads only.
--
-- ARGV: layout, hub, folded path, cursor (sequence of the last row seen, or
--       empty), caller whose grants to read_acl count (or empty)
-- Answers: ok, name of the credential there (empty: none), next cursor (empty:
--       no more), grants of the caller, { id, path, actor, operations, MAC }...

local refused = refusal()
if refused then
    return refused
end

local path = ARGV[3]
local from = ARGV[4] == '' and '-inf' or '(' .. ARGV[4]

local ids = redis.call('ZRANGEBYSCORE', prefix .. 'path:' .. path, from, '+inf',
    'WITHSCORES', 'LIMIT', 0, STEP)

local answer = {
    'ok', redis.call('HGET', prefix .. 'credential:' .. path, 'name') or '',
    '', grants(ARGV[5], 'R', path)
}

for i = 1, #ids, 2 do
    local row = redis.call('HMGET', prefix .. 'permission:' .. ids[i],
        'path', 'actor', 'operations', 'mac')
    if row[1] then
        answer[#answer + 1] = { ids[i], row[1], row[2], row[3], row[4] }
    end
end

if #ids == 2 * STEP then
    answer[3] = ids[#ids]
end

return answer
