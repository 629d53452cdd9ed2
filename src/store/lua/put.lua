-- Writes a version as the newest one of its credential.
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
local optional = { 'metadata', 'head', 'tail', 'secret', 'params', 'mac' }

local version_key = prefix .. 'version:' .. id
local current_key = prefix .. 'credential:' .. folded

-- The worker chose the version id: a row under it is this request repeated.
local done = redis.call('HMGET', version_key, 'name', 'credential', 'created')
if done[1] then
    return { 'ok', done[1], done[2], done[3], '0' }
end

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
    -- the first spelling stays, unless it is one of another name
    if string.lower(current[2] or '') == folded then
        name = current[2]
    end
end

local versions_key = prefix .. 'versions:' .. credential
local oldest, keys = {}, {}
local excess = redis.call('ZCARD', versions_key) + 1 - most

if most > 0 and excess > 0 and kind ~= 'certificate' then
    oldest = redis.call('ZRANGE', versions_key, 0, math.min(excess, STEP) - 1)
    keys = seal_keys()
end

-- Of a sealed blob: version byte, 8 bytes fingerprint of its key, ...
local function fingerprint(blob)
    return (string.gsub(string.sub(blob, 2, 9), '.', function(byte)
        return string.format('%02x', string.byte(byte))
    end))
end

local key = ARGV[13] ~= '' and fingerprint(ARGV[13])

redis.call('ZCARD', prefix .. 'names')
redis.call('SCARD', prefix .. 'keys')
if key then
    redis.call('SCARD', prefix .. 'key:' .. key)
end

local created = decimal(now())

-- From here on only writes. The first one is refused when memory is out. Those
-- that what stands there can refuse come before all that is seen by a reader.
local sequence = next_sequence()
local seals = 0

for _, blob in ipairs({ ARGV[13], ARGV[14] }) do
    if blob ~= '' then
        seals = redis.call('HINCRBY', prefix .. 'seals', fingerprint(blob), 1)
    end
end
changed('set', folded, id)

redis.call('SET', prefix .. 'clock', created)

local fields = {
    'credential', credential, 'name', name, 'type', kind, 'version', id,
    'created', created, 'sequence', sequence
}
for i, field in ipairs(optional) do
    if ARGV[9 + i] ~= '' then
        fields[#fields + 1] = field
        fields[#fields + 1] = ARGV[9 + i]
    end
end

redis.call('UNLINK', current_key)
redis.call('HSET', current_key, unpack(fields))
redis.call('HSET', version_key, 'folded', folded, unpack(fields))
redis.call('ZADD', versions_key, sequence, id)
redis.call('ZADD', prefix .. 'names', 0, folded)

if key then
    redis.call('SADD', prefix .. 'keys', key)
    redis.call('SADD', prefix .. 'key:' .. key, id)
end

remove_versions(credential, oldest, keys)

return { 'ok', name, credential, created, decimal(seals) }
