-- Deletes one version of a certificate.
--
-- ARGV: layout, hub, folded name, stamp, version id, batch to commit with it
--       (empty: nothing was staged), signed count of the certificate (empty: no
--       batch), guard
-- Answers: ok, or stale; missing: it has no such version; last: nor another

local refused = write_refusal() or denial(8)
if refused then
    return refused
end

local folded, id, batch = ARGV[3], ARGV[5], ARGV[6]
local found = standing(folded)

if ARGV[4] == '' or ARGV[4] ~= stamp(found)
    or ARGV[7] ~= '' and not complete(batch, folded, ARGV[7])
then
    return { 'stale' }
end

if not has_version(found, id) then
    return { 'missing' }
end

if found.transitional == id then
    found.transitional = nil
end

local row = rank(found, id)
if not row then
    return { 'last' }
end

local credential = found.credential
local signer = redis.call('HGET', prefix .. 'version:' .. id, 'signer')
local keys = seal_keys()

before_settle(found)
before_signer(credential, signer)

-- From here on only writes. Redis takes the first one even when it is out of
-- memory.
redis.call('HDEL', prefix .. 'credential:' .. folded, 'pending')
changed('delete', folded, id)
settle(found, batch)
show(found, row)
remove_versions(credential, { id }, keys)
count_signer(credential, folded, signer, -1)
commit(batch)

return { 'ok' }
