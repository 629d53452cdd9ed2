-- Creates or changes an object.
--
-- ARGV: layout, hub, key, uid, version, expected version (empty: created),
--       attributes, config, creator, unique text, 3 references (or empty),
--       state of a private link, lease that this write ends, 1 when the link is
--       to be provisioned, 1 when nobody may refer to it, 2 marks { set (or
--       empty), member, 1 when it has to be a new one }, a second object that
--       is created with this one and refers to it { key (or empty), uid,
--       version, attributes, config, unique text }, guard
-- Answers: ok, key, sequence, created, updated, seals of the key so far, 0, or
--          stale: the expectation failed; exists; lease: another one stands, or
--          it has ended; used, connections, destinations, { key... }; ref,
--          which one (from 0) cannot be referred to; taken: the unique text is;
--          marked, which one (from 0)

local refused = write_refusal() or denial(30)
if refused then
    return refused
end

-- Configs are sealed for a hub: one that the caller does not know is none.
if ARGV[2] == '' then
    return { 'schema' }
end

local expected, lease = ARGV[6], ARGV[15]
local object = {
    key = ARGV[3], uid = ARGV[4], version = ARGV[5], config = ARGV[8],
    unique = ARGV[10], refs = {}, state = ARGV[14], attributes = ARGV[7],
    creator = ARGV[9]
}
local with = ARGV[24] ~= '' and {
    key = ARGV[24], uid = ARGV[25], version = ARGV[26], attributes = ARGV[27],
    config = ARGV[28], unique = ARGV[29], refs = { object.key }, state = '',
    creator = ARGV[9]
}
local kind, id = key_parts(object.key)
local current = object_standing(object.key)
local time = now()

-- The worker chose the version: one that stands is this request repeated.
if current and current.version == object.version then
    return { 'ok', object.key, current.sequence, current.created,
        current.updated, '0', 0 }
end

if expected == '' then
    if current then
        return { 'exists' }
    end
elseif not current or current.version ~= expected
    or current.uid ~= object.uid
then
    return { 'stale' }
end

if lease ~= '' and (not current or current.lease ~= lease
    or time >= current.leased_until)
then
    return { 'lease' }
end

if object.state == 'DESTROYING' then
    object.unique = ''
end

refused = (ARGV[17] ~= '' or object.state == 'DESTROYING')
    and object_used(object.key)
if refused then
    return refused
end

for i = 11, 13 do
    local ref = ARGV[i]
    if ref ~= '' then
        local standing_ref = object_standing(ref)
        if not standing_ref or standing_ref.state == 'DESTROYING' then
            return { 'ref', i - 11 }
        end
        object.refs[#object.refs + 1] = ref
    end
end

local holder = redis.call('HGET', prefix .. 'unique:' .. kind, object.unique)
if object.unique ~= '' and holder and holder ~= id then
    return { 'taken' }
end

local marks = {}
for i = 18, 23, 3 do
    if ARGV[i] ~= '' then
        local mark = { key = prefix .. 'mark:' .. ARGV[i], member = ARGV[i + 1] }
        if redis.call('SISMEMBER', mark.key, mark.member) == 1
            and ARGV[i + 2] ~= ''
        then
            return { 'marked', (i - 18) / 3 }
        end
        marks[#marks + 1] = mark
    end
end

if with and object_standing(with.key) then
    return { 'exists' }
end

local function put(one, created, updated)
    local values = {
        'uid', one.uid, 'version', one.version, 'attributes', one.attributes,
        'config', one.config, 'creator', one.creator,
        'sequence', one.sequence, 'created', created, 'updated', updated,
        'refs', table.concat(one.refs, ' '), 'unique', one.unique,
        'state', one.state
    }
    local row = {}
    for i = 1, #values, 2 do
        if values[i + 1] ~= '' then
            row[#row + 1] = values[i]
            row[#row + 1] = values[i + 1]
        end
    end
    redis.call('UNLINK', prefix .. 'object:' .. one.key)
    redis.call('HSET', prefix .. 'object:' .. one.key, unpack(row))

    index_object(one)
    if one.config ~= '' then
        redis.call('SADD', prefix .. 'keys', fingerprint(one.config))
    end
end

before_object(object)
if current then
    before_object(current)
end
if with then
    before_object(with)
end
redis.call('HGET', prefix .. 'seals', '')
redis.call('SCARD', prefix .. 'keys')

local updated = decimal(time)
local created = current and current.created or updated

-- From here on only writes. The first one is refused when memory is out. Those
-- that what stands there can refuse come before all that is seen by a reader.
object.sequence = current and current.sequence or next_sequence()
local seals = count_seals(object.config, with and with.config or '')
changed('object', object.key, object.version)

redis.call('SET', prefix .. 'clock', updated)

if current then
    unindex_object(current)
end

put(object, created, updated)
if with then
    with.sequence = next_sequence()
    changed('object', with.key, with.version)
    put(with, updated, updated)
end
for _, mark in ipairs(marks) do
    redis.call('SADD', mark.key, mark.member)
end
if ARGV[16] ~= '' and waiting(object.state) then
    redis.call('ZADD', prefix .. 'provision', updated, object.key)
end

return { 'ok', object.key, object.sequence, created, updated, seals, 0 }
