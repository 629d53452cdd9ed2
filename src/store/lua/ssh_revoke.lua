-- Notes a revocation of a CA key of SSH certificates.
--
-- ARGV: layout, hub, key and uid of the CA key, what is revoked, the most
--       revocations that a CA may have, guard
-- Answers: ok, how many there are; missing: another CA key stands there, or
--          none; full

local refused = write_refusal() or denial(7)
if refused then
    return refused
end

local ca = object_standing(ARGV[3])
if not ca or ca.uid ~= ARGV[4] then
    return { 'missing' }
end

local revoked = prefix .. 'revoked:' .. ARGV[4]
local n = redis.call('ZCARD', revoked)

if redis.call('ZSCORE', revoked, ARGV[5]) then
    return { 'ok', n }
end
if n >= tonumber(ARGV[6]) then
    return { 'full' }
end

redis.call('ZADD', revoked, n + 1, ARGV[5])

return { 'ok', n + 1 }
