-- Writes the tokens of a grant: of a new one, or in the place of those that it
-- has. Allowed in read-only mode, too.
--
-- ARGV: layout, hub, grant, hash of the refresh token that is used up (empty: a
--       new grant), when the grant ends (seconds), then for each token: hash,
--       when it ends (seconds), kind, actor, user, client, scope, issued,
--       granted, expires, refresh_until, MAC
-- Answers: ok, or stale: that refresh token does not stand any more

local refused = refusal()
if refused then
    return refused
end

local grant, old, ends = ARGV[3], ARGV[4], ARGV[5]
local set, used = prefix .. 'token_grant:' .. grant,
    prefix .. 'token_used:' .. old

if old ~= '' and redis.call('HGET', prefix .. 'token:' .. old, 'grant')
    ~= grant
then
    return { 'stale' }
end

local gone = redis.call('SMEMBERS', set)
redis.call('GET', used)
for i = 6, #ARGV, 12 do
    redis.call('HGET', prefix .. 'token:' .. ARGV[i], 'kind')
end

-- From here on only writes. The first one is refused when memory is out.
for i = 6, #ARGV, 12 do
    local key = prefix .. 'token:' .. ARGV[i]
    redis.call('HSET', key, 'grant', grant, 'kind', ARGV[i + 2],
        'actor', ARGV[i + 3], 'user', ARGV[i + 4], 'client', ARGV[i + 5],
        'scope', ARGV[i + 6], 'issued', ARGV[i + 7], 'granted', ARGV[i + 8],
        'expires', ARGV[i + 9], 'refresh_until', ARGV[i + 10],
        'mac', ARGV[i + 11])
    redis.call('EXPIREAT', key, ARGV[i + 1])
    redis.call('SADD', set, ARGV[i])
end
for _, hash in ipairs(gone) do
    redis.call('UNLINK', prefix .. 'token:' .. hash)
    redis.call('SREM', set, hash)
end
redis.call('EXPIREAT', set, ends)
if old ~= '' then
    redis.call('SET', used, grant)
    redis.call('EXPIREAT', used, ends)
end

return { 'ok' }
