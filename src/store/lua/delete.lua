-- Deletes a credential. It is gone for every reader with the first write,
-- which Redis takes even when it is out of memory; version rows beyond one
-- step are left to sweep.
--
-- ARGV: layout, hub, folded name, guard
-- Answers: ok, 1 when rows are left, else 0, or missing

local refused = write_refusal() or denial(4)
if refused then
    return refused
end

local name = ARGV[3]
local current_key = prefix .. 'credential:' .. name

local credential = redis.call('HGET', current_key, 'credential')
if not credential then
    return { 'missing' }
end

local versions_key = prefix .. 'versions:' .. credential
local ids = redis.call('ZRANGE', versions_key, 0, STEP - 1)
local rest = redis.call('ZCARD', versions_key) > #ids
local keys = seal_keys()

redis.call('ZCARD', prefix .. 'names')
redis.call('SCARD', prefix .. 'trash')
redis.call('XLEN', prefix .. 'changes')

redis.call('UNLINK', current_key)
redis.call('ZREM', prefix .. 'names', name)
remove_versions(credential, ids, keys)
if rest then
    redis.call('SADD', prefix .. 'trash', credential)
end
changed('delete', name, '')

return { 'ok', rest and 1 or 0 }
