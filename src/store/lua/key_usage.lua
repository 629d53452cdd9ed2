-- Counts versions with a secret part by the key that sealed it.
-- It reads only.
--
-- ARGV: layout, hub
-- Answers: ok, { fingerprint, versions }...

local refused = refusal()
if refused then
    return refused
end

local answer = { 'ok' }

for _, key in ipairs(redis.call('SMEMBERS', prefix .. 'keys')) do
    answer[#answer + 1] = { key, redis.call('SCARD', prefix .. 'key:' .. key) }
end

return answer
