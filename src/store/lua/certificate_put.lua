-- Writes a version of a certificate: at once, for a batch, or at once and the
-- batch with it.
--
-- ARGV: layout, hub, name, folded name, type, version id, id of a new
--       credential, expected stamp ("*": any, empty: no credential), "1" for a
--       transitional version, folded name of its CA (or empty), stamp of the
--       CA, "", "stage" or "commit", batch, microseconds until a batch is
--       given up, signed count of the certificate (for commit), metadata, head,
--       tail, secret, params, MAC, facts, signer, trusted, digest, issuer,
--       expires, guard
-- Answers: as put, or transitional: there is such a version already

local refused = write_refusal() or denial(28)
if refused then
    return refused
end

-- Values are sealed for a hub: one that the caller does not know is none.
if ARGV[2] == '' then
    return { 'schema' }
end

local name, folded, kind = ARGV[3], ARGV[4], ARGV[5]
local id, credential, expected = ARGV[6], ARGV[7], ARGV[8]
local transitional, ca, ca_stamp = ARGV[9] == '1', ARGV[10], ARGV[11]
local mode, batch = ARGV[12], ARGV[13]
local secret, params, signer = ARGV[19], ARGV[20], ARGV[23]
local optional = {
    'metadata', 'head', 'tail', 'secret', 'params', 'mac', 'facts', 'signer',
    'trusted', 'digest', 'issuer', 'expires'
}

local done = repeated(id)
if done then
    return done
end

local found = standing(folded)

if found and found.type ~= kind then
    return { 'type' }
end
if expected ~= '*' and expected ~= stamp(found)
    or ca ~= '' and (ca_stamp == '' or ca_stamp ~= stamp(standing(ca)))
then
    return { 'stale' }
end
if transitional and found and found.transitional then
    return { 'transitional' }
end

local batch_key = prefix .. 'batch:' .. batch
local state = redis.call('HGET', batch_key, 'state')

if mode == 'stage' and (not found or state and not staging(batch))
    or mode == 'commit' and not complete(batch, folded, ARGV[15])
then
    return { 'stale' }
end

if found then
    credential = found.credential
    name = spelling(found.name, name, folded)
    before_settle(found)
else
    found = { folded = folded, credential = credential }
end
before_version(credential, secret)
before_signer(credential, signer)
redis.call('ZCARD', prefix .. 'certificates')
redis.call('SCARD', prefix .. 'batches')
redis.call('LLEN', prefix .. 'batch_rows:' .. batch)

local time = now()
local created = decimal(time)

-- From here on only writes. The first one is refused when memory is out.
local sequence = next_sequence()
local seals = count_seals(secret, params)
changed(mode == 'stage' and 'stage' or 'set', folded, id)
settle(found, batch)

redis.call('SET', prefix .. 'clock', created)

local row = {
    'credential', credential, 'name', name, 'type', kind, 'version', id,
    'created', created, 'sequence', sequence
}
write_version(id, folded, row, optional, 16, secret)
count_signer(credential, folded, signer, 1)

local answer = { 'ok', name, credential, created, seals }
local current_key = prefix .. 'credential:' .. folded

if mode == 'stage' then
    if not state then
        redis.call('HSET', batch_key, 'state', 'staging',
            'deadline', decimal(time + tonumber(ARGV[14])))
        redis.call('SADD', prefix .. 'batches', batch)
    end
    redis.call('RPUSH', prefix .. 'batch_rows:' .. batch, id)
    redis.call('HSET', prefix .. 'version:' .. id, 'batch', batch)
    redis.call('HSET', current_key, 'pending', batch .. '/' .. id)
    return answer
end

redis.call('ZADD', prefix .. 'versions:' .. credential, sequence, id)
redis.call('ZADD', prefix .. 'names', 0, folded)
redis.call('ZADD', prefix .. 'certificates', 0, folded)
redis.call('SET', prefix .. 'certificate:' .. credential, folded)

found.newest = id
found[transitional and 'transitional' or 'active'] = id

if transitional and found.active then
    redis.call('HSET', current_key, 'newest', id, 'transitional', id)
else
    show(found, row)
end

if mode == 'commit' then
    commit(batch)
end

return answer
