-- The versions above one, issuer first.
-- It reads only.
--
-- ARGV: layout, hub, signer, digest of its certificate, fields...
-- Answers: ok, { folded name, values of the fields }...

local refused = refusal()
if refused then
    return refused
end

local answer = { 'ok' }

for i, ca in ipairs((chain(ARGV[3], ARGV[4] ~= '' and ARGV[4]))) do
    answer[1 + i] = { ca[1], redis.call('HMGET', prefix .. 'version:' .. ca[2],
        unpack(ARGV, 5)) }
end

return answer
