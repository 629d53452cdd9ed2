-- Deletes a credential. It is gone for every reader with the first write,
-- which Redis takes even when it is out of memory; what a long history leaves
-- beyond one step is for sweep.
--
-- ARGV: layout, hub, folded name, guard
-- Answers: ok, 1 when something is left, else 0, or missing

local refused = write_refusal() or denial(4)
if refused then
    return refused
end

local name = ARGV[3]
local found = standing(name)

if not found then
    return { 'missing' }
end

local left = leavings(found.credential)

redis.call('ZCARD', prefix .. 'names')
redis.call('ZCARD', prefix .. 'certificates')
redis.call('SCARD', prefix .. 'trash')
redis.call('XLEN', prefix .. 'changes')

redis.call('UNLINK', prefix .. 'credential:' .. name)
redis.call('ZREM', prefix .. 'names', name)
if found.type == 'certificate' then
    redis.call('ZREM', prefix .. 'certificates', name)
    redis.call('UNLINK', prefix .. 'certificate:' .. found.credential)
end
if found.state == 'staging' then
    redis.call('HSET', prefix .. 'batch:' .. found.batch, 'state', 'stale')
end
remove_leavings(left)
if left.rest then
    redis.call('SADD', prefix .. 'trash', found.credential)
end
changed('delete', name, '')

return { 'ok', left.rest and 1 or 0 }
