-- Ends a grant, all its tokens. Allowed in read-only mode, too.
--
-- ARGV: layout, hub, grant
-- Answers: ok

local refused = refusal()
if refused then
    return refused
end

local set = prefix .. 'token_grant:' .. ARGV[3]

for _, hash in ipairs(redis.call('SMEMBERS', set)) do
    redis.call('UNLINK', prefix .. 'token:' .. hash)
end
redis.call('UNLINK', set)

return { 'ok' }
