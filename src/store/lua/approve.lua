-- Approves a hash for an owner. One that is approved already stays as it is.
--
-- ARGV: layout, hub, key of the owner, its uid, type, hash, content, who
--       approves, date, MAC, guard
-- Answers: ok, row that stands now, or missing: the owner is gone, or another

local refused = write_refusal() or denial(11)
if refused then
    return refused
end

local key, uid, kind, hash = ARGV[3], ARGV[4], ARGV[5], ARGV[6]

if redis.call('HGET', prefix .. 'object:' .. key, 'uid') ~= uid then
    return { 'missing' }
end

local row = approval_row(uid, kind, hash)
if row then
    return { 'ok', row }
end

redis.call('ZCARD', approvals_key(uid, kind))
redis.call('XLEN', prefix .. 'changes')

-- From here on only writes. The first one is refused when memory is out.
local sequence = next_sequence()
changed('approval', key, kind .. '/' .. hash)

redis.call('HSET', approval_key(uid, kind, hash), 'content', ARGV[7],
    'by', ARGV[8], 'date', ARGV[9], 'mac', ARGV[10], 'sequence', sequence)
redis.call('ZADD', approvals_key(uid, kind), sequence, hash)

return { 'ok', { hash, ARGV[7], ARGV[8], ARGV[9], ARGV[10], sequence } }
