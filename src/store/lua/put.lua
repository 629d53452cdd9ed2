-- Writes a version as the newest one of its credential, which is no
-- certificate.
--
-- ARGV: layout, hub, name, folded name, type, version id, id of a new
--       credential, expected version ("*": any, empty: no credential), most
--       versions to keep (0: all), metadata, head, tail, secret, params,
--       MAC, guard
-- Answers: ok, name, credential id, created, seals of the key so far, or
--          stale: the expectation failed; type: the credential has another one

local refused = write_refusal() or denial(16)
if refused then
    return refused
end

-- Values are sealed for a hub: one that the caller does not know is none.
if ARGV[2] == '' then
    return { 'schema' }
end

local name, folded, kind = ARGV[3], ARGV[4], ARGV[5]
local id, credential, expected = ARGV[6], ARGV[7], ARGV[8]
local most = tonumber(ARGV[9])
local secret, params = ARGV[13], ARGV[14]
local optional = { 'metadata', 'head', 'tail', 'secret', 'params', 'mac' }

local done = repeated(id)
if done then
    return done
end

local current_key = prefix .. 'credential:' .. folded
local current = redis.call('HMGET', current_key,
    'credential', 'name', 'type', 'version')

if expected ~= '*' and expected ~= (current[4] or '') then
    return { 'stale' }
end

if current[1] then
    if current[3] ~= kind then
        return { 'type' }
    end
    credential = current[1]
    name = spelling(current[2], name, folded)
end

local versions_key = prefix .. 'versions:' .. credential
local oldest, keys = {}, {}
local excess = redis.call('ZCARD', versions_key) + 1 - most

if most > 0 and excess > 0 then
    oldest = redis.call('ZRANGE', versions_key, 0, math.min(excess, STEP) - 1)
    keys = seal_keys()
end

before_version(credential, secret)

local created = decimal(now())

-- From here on only writes. The first one is refused when memory is out. Those
-- that what stands there can refuse come before all that is seen by a reader.
local sequence = next_sequence()
local seals = count_seals(secret, params)
changed('set', folded, id)

redis.call('SET', prefix .. 'clock', created)

local row = {
    'credential', credential, 'name', name, 'type', kind, 'version', id,
    'created', created, 'sequence', sequence
}
write_version(id, folded, row, optional, 10, secret)

redis.call('UNLINK', current_key)
redis.call('HSET', current_key, unpack(row))
redis.call('ZADD', versions_key, sequence, id)
redis.call('ZADD', prefix .. 'names', 0, folded)

remove_versions(credential, oldest, keys)

return { 'ok', name, credential, created, seals }
