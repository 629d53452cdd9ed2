-- Revokes the first of several hashes that is approved.
--
-- ARGV: layout, hub, key of the owner, type, number of hashes, hashes..., guard
-- Answers: ok, uid of the owner, hash, or missing: no owner, or none of them,
--          uid (or empty)

local last = 5 + tonumber(ARGV[5])
local refused = write_refusal() or denial(last + 1)
if refused then
    return refused
end

local key, kind = ARGV[3], ARGV[4]
local uid = redis.call('HGET', prefix .. 'object:' .. key, 'uid')

for i = 6, uid and last or 0 do
    local hash = ARGV[i]
    if approval_row(uid, kind, hash) then
        redis.call('ZCARD', approvals_key(uid, kind))
        redis.call('XLEN', prefix .. 'changes')

        -- Redis takes the first write even when it is out of memory.
        redis.call('UNLINK', approval_key(uid, kind, hash))
        redis.call('ZREM', approvals_key(uid, kind), hash)
        changed('approval', key, kind .. '/' .. hash)

        return { 'ok', uid, hash }
    end
end

return { 'missing', uid or '' }
