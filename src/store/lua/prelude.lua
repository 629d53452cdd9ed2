-- Put before every operation at build time.
--
-- KEYS[1] is "{prefix}:schema", every other key derives from it. ARGV[1] is the
-- caller's layout version, ARGV[2] the hub id it knows, empty before its first
-- handshake. An operation reads and checks everything, then writes; it answers
-- an array whose first element is "ok" or the reason why nothing was done.
--
-- A key of another type would stop the writes half-way. So each that will be
-- written is read before, also when nothing is to be learned from it.

local STEP = 1000
local CHANGES = 10000
local CHAIN = 16
local USERS = 10

local prefix = string.sub(KEYS[1], 1, -1 - string.len('schema'))

-- Is this the store the caller shook hands with, and may its layout use it?
local function refusal()
    local schema = redis.call('HMGET', KEYS[1], 'writer', 'hub')
    if not schema[1] or tonumber(schema[1]) > tonumber(ARGV[1])
        or (ARGV[2] ~= '' and ARGV[2] ~= schema[2])
    then
        return { 'schema' }
    end
end

local function read_only()
    return redis.call('EXISTS', prefix .. 'read_only') == 1
end

local function write_refusal()
    return refusal() or (read_only() and { 'read_only' }) or nil
end

-- An integer as text: Lua would write a large one with an exponent.
local function decimal(number)
    return string.format('%.0f', number)
end

-- Microseconds since 1970, never less than what any script saw before.
local function now()
    local time = redis.call('TIME')
    local clock = tonumber(redis.call('GET', prefix .. 'clock') or '0')
    return math.max(time[1] * 1000000 + time[2], clock)
end

-- Writes; refused when Redis is out of memory.
local function next_sequence()
    return decimal(redis.call('INCR', prefix .. 'seq'))
end

-- The fingerprints of every key that ever sealed a version or an object.
local function seal_keys()
    local keys = redis.call('SMEMBERS', prefix .. 'keys')
    for _, key in ipairs(keys) do
        redis.call('SCARD', prefix .. 'key:' .. key)
    end
    return keys
end

-- Removes version rows of a credential, at most STEP of them. `keys` are those
-- of seal_keys().
local function remove_versions(credential, ids, keys)
    if #ids == 0 then
        return
    end
    local rows = {}
    for i, id in ipairs(ids) do
        rows[i] = prefix .. 'version:' .. id
    end
    redis.call('UNLINK', unpack(rows))
    redis.call('ZREM', prefix .. 'versions:' .. credential, unpack(ids))
    for _, key in ipairs(keys) do
        redis.call('SREM', prefix .. 'key:' .. key, unpack(ids))
    end
end

-- One step of what a deleted credential leaves behind.
local function leavings(credential)
    local versions_key = prefix .. 'versions:' .. credential
    local left = { credential = credential, keys = seal_keys() }

    left.ids = redis.call('ZRANGE', versions_key, 0, STEP - 1)
    left.signers = redis.call('HRANDFIELD', prefix .. 'signers:' .. credential,
        STEP)
    left.rest = redis.call('ZCARD', versions_key) > #left.ids
        or #left.signers == STEP
    for _, signer in ipairs(left.signers) do
        redis.call('ZCARD', prefix .. 'signs:' .. signer)
    end
    return left
end

local function remove_leavings(left)
    remove_versions(left.credential, left.ids, left.keys)
    for _, signer in ipairs(left.signers) do
        redis.call('ZREM', prefix .. 'signs:' .. signer, left.credential)
        redis.call('HDEL', prefix .. 'signers:' .. left.credential, signer)
    end
end

-- The paths that cover a folded name: itself, and every ancestor with "/*". A
-- slash at its end has nothing behind it.
local function covering(name)
    local paths = { name }
    local subtree = string.sub(name, -2) == '/*'
    local stem = string.sub(name, 1, subtree and -3 or -2)
    while stem ~= '' do
        stem = string.match(stem, '^(.*)/[^/]*$') or ''
        paths[#paths + 1] = stem .. '/*'
    end
    return paths
end

-- What stands in the index of grants for an actor and an operation on a name:
-- field, value, ... The caller verifies the values.
local function grants(actor, operation, name)
    if actor == '' then
        return {}
    end
    local fields = covering(name)
    for i, path in ipairs(fields) do
        fields[i] = operation .. path
    end
    local values = redis.call('HMGET', prefix .. 'grants:' .. actor,
        unpack(fields))
    local found = {}
    for i, field in ipairs(fields) do
        if values[i] then
            found[#found + 1] = field
            found[#found + 1] = values[i]
        end
    end
    return found
end

-- ARGV ends, from `first` on, with a guard: an actor, then grants that would
-- allow the operation, field and SHA-1 of the genuine value in turn: who sees
-- the command cannot make the grant from it. Without an actor the configuration
-- allows the operation.
local function denial(first)
    if ARGV[first] == '' then
        return
    end
    local key, forged = prefix .. 'grants:' .. ARGV[first], nil
    for i = first + 1, #ARGV, 2 do
        local value = redis.call('HGET', key, ARGV[i])
        if value and redis.sha1hex(value) == ARGV[i + 1] then
            return
        end
        forged = forged or value and ARGV[i]
    end
    if forged then
        return { 'forged', ARGV[first], forged }
    end
    return { 'denied' }
end

local function changed(op, name, version)
    redis.call('XADD', prefix .. 'changes', 'MAXLEN', '~', CHANGES, '*',
        'op', op, 'name', name, 'version', version)
end

-- Of a sealed blob: version byte, 8 bytes fingerprint of its key, ...
local function fingerprint(blob)
    return (string.gsub(string.sub(blob, 2, 9), '.', function(byte)
        return string.format('%02x', string.byte(byte))
    end))
end

-- A new version. The worker chose its id: a row under it is this request
-- repeated.
local function repeated(id)
    local row = redis.call('HMGET', prefix .. 'version:' .. id,
        'name', 'credential', 'created')
    return row[1] and { 'ok', row[1], row[2], row[3], '0' }
end

-- The first spelling stays, unless it is one of another name.
local function spelling(first, given, folded)
    return string.lower(first or '') == folded and first or given
end

local function before_version(credential, secret)
    redis.call('ZCARD', prefix .. 'versions:' .. credential)
    redis.call('ZCARD', prefix .. 'names')
    redis.call('XLEN', prefix .. 'changes')
    redis.call('HGET', prefix .. 'seals', '')
    redis.call('SCARD', prefix .. 'keys')
    if secret ~= '' then
        redis.call('SCARD', prefix .. 'key:' .. fingerprint(secret))
    end
end

local function count_seals(secret, params)
    local seals = 0
    for _, blob in ipairs({ secret, params }) do
        if blob ~= '' then
            seals = redis.call('HINCRBY', prefix .. 'seals', fingerprint(blob),
                1)
        end
    end
    return decimal(seals)
end

-- `row` gets the arguments from `first` on, under the names of `fields`.
local function write_version(id, folded, row, fields, first, secret)
    for i, field in ipairs(fields) do
        if ARGV[first + i - 1] ~= '' then
            row[#row + 1] = field
            row[#row + 1] = ARGV[first + i - 1]
        end
    end
    redis.call('HSET', prefix .. 'version:' .. id, 'folded', folded,
        unpack(row))
    if secret ~= '' then
        local key = fingerprint(secret)
        redis.call('SADD', prefix .. 'keys', key)
        redis.call('SADD', prefix .. 'key:' .. key, id)
    end
end

-- What stands under a folded name, as readers see it. A version of a
-- certificate that was staged is the newest one once its batch is committed,
-- and nothing before.
local function standing(folded)
    local row = redis.call('HMGET', prefix .. 'credential:' .. folded,
        'credential', 'name', 'type', 'version', 'newest', 'transitional',
        'pending')
    if not row[1] then
        return
    end
    local found = {
        folded = folded, credential = row[1], name = row[2], type = row[3],
        active = row[4] ~= row[6] and row[4] or nil, newest = row[5],
        transitional = row[6] or nil
    }
    if row[7] then
        found.batch, found.staged = string.match(row[7], '^(.*)/(.*)$')
        found.state = redis.call('HGET', prefix .. 'batch:' .. found.batch,
            'state')
    end
    if found.state == 'committed' then
        found.active, found.newest = found.staged, found.staged
    end
    return found
end

local function stamp(found)
    if not found or found.type ~= 'certificate' then
        return ''
    end
    return table.concat({ found.active or '', found.transitional or '',
        found.newest }, '/')
end

-- Is that a version of the credential, for readers?
local function has_version(found, id)
    local row = redis.call('HMGET', prefix .. 'version:' .. id,
        'credential', 'batch')
    return row[1] == found.credential and (not row[2]
        or found.state == 'committed' and found.staged == id)
end

-- May the batch still be committed?
local function staging(batch)
    local row = redis.call('HMGET', prefix .. 'batch:' .. batch,
        'state', 'deadline')
    return row[1] == 'staging' and now() <= tonumber(row[2])
end

local function signed_count(ca)
    return redis.call('HGET', prefix .. 'signed', ca) or '0'
end

-- May the batch (empty: it was to have nothing in it) be committed with a write
-- to this CA, or has somebody signed with it since?
local function complete(batch, ca, count)
    return (batch == '' or staging(batch)) and signed_count(ca) == count
end

local function commit(batch)
    if batch ~= '' then
        redis.call('HSET', prefix .. 'batch:' .. batch, 'state', 'committed')
    end
end

-- Which versions of a certificate are the newest and the active one when
-- `without` (or nil) is none of them; returns the row that is to stand under
-- its name.
local function rank(found, without)
    local ids = redis.call('ZRANGE', prefix .. 'versions:' .. found.credential,
        0, 2, 'REV')
    if found.state == 'committed' then
        table.insert(ids, 1, found.staged)
    end
    found.newest, found.active = nil, nil
    for _, id in ipairs(ids) do
        if id ~= without then
            found.newest = found.newest or id
            if id ~= found.transitional then
                found.active = found.active or id
            end
        end
    end
    return found.newest and redis.call('HGETALL',
        prefix .. 'version:' .. (found.active or found.transitional))
end

-- Puts the row of a version under the name of its certificate.
local function show(found, row)
    local key = prefix .. 'credential:' .. found.folded
    redis.call('UNLINK', key)
    redis.call('HSET', key, 'newest', found.newest, unpack(row))
    redis.call('HDEL', key, 'folded', 'batch')
    if found.transitional then
        redis.call('HSET', key, 'transitional', found.transitional)
    end
end

-- A write to a certificate ends what is pending there: a version of a committed
-- batch goes to its place, any other batch is stale. `own`: the batch that the
-- write is for. First what that writes is read.
local function before_settle(found)
    redis.call('ZCARD', prefix .. 'versions:' .. found.credential)
    redis.call('XLEN', prefix .. 'changes')
    if found.state == 'committed' then
        local key = prefix .. 'version:' .. found.staged
        found.row = redis.call('HGETALL', key)
        found.sequence = redis.call('HGET', key, 'sequence')
    end
end

local function settle(found, own)
    if found.state == 'committed' then
        changed('set', found.folded, found.staged)
        redis.call('HDEL', prefix .. 'version:' .. found.staged, 'batch')
        redis.call('ZADD', prefix .. 'versions:' .. found.credential,
            found.sequence, found.staged)
        show(found, found.row)
    elseif found.batch then
        redis.call('HDEL', prefix .. 'credential:' .. found.folded, 'pending')
        if found.state == 'staging' and found.batch ~= own then
            redis.call('HSET', prefix .. 'batch:' .. found.batch,
                'state', 'stale')
        end
    end
end

-- One version more or less (`by`) of a credential names a CA. Itself does not
-- count.
local function before_signer(credential, signer)
    redis.call('HGET', prefix .. 'signers:' .. credential, '')
    redis.call('ZCARD', prefix .. 'signs:' .. string.lower(signer or ''))
    redis.call('HGET', prefix .. 'signed', '')
end

local function count_signer(credential, folded, signer, by)
    local ca = string.lower(signer or '')
    if ca == '' or ca == folded then
        return
    end
    local signers_key = prefix .. 'signers:' .. credential
    local signs_key = prefix .. 'signs:' .. ca
    if redis.call('HINCRBY', signers_key, ca, by) <= 0 then
        redis.call('HDEL', signers_key, ca)
        redis.call('ZREM', signs_key, credential)
    elseif redis.call('ZADD', signs_key, 0, credential) == 1 then
        redis.call('HINCRBY', prefix .. 'signed', ca, 1)
    end
end

-- The version of a CA whose certificate has a digest, and how many were looked
-- at: the two that sign now, then all.
local function bearer(ca, digest)
    local looks = 0

    local function match(ids)
        for _, id in ipairs(ids) do
            looks = looks + 1
            if redis.call('HGET', prefix .. 'version:' .. id, 'digest')
                == digest
            then
                return id
            end
        end
    end

    local id = match({ ca.active or ca.transitional,
        ca.active and ca.transitional or nil })
        or match(redis.call('ZRANGE', prefix .. 'versions:' .. ca.credential,
            0, STEP - 1, 'REV'))
    return id, looks
end

-- The versions above one, nearest first: folded name and id of each; and how
-- many rows were looked at. A root was issued by itself.
local function chain(signer, issuer)
    local above, seen, looks = {}, {}, 0

    while signer and issuer and not seen[issuer] and #above < CHAIN
        and looks < STEP
    do
        local ca = standing(string.lower(signer))
        if not ca then
            break
        end
        local id, n = bearer(ca, issuer)
        looks = looks + n
        if not id then
            break
        end
        seen[issuer] = true
        above[#above + 1] = { ca.folded, id }
        local row = redis.call('HMGET', prefix .. 'version:' .. id,
            'signer', 'issuer')
        signer, issuer = row[1], row[2]
    end

    return above, looks
end

-- An object of the trust API, as readers get it; nothing when there is none.
local function object_row(key)
    local row = redis.call('HMGET', prefix .. 'object:' .. key, 'uid',
        'version', 'attributes', 'config', 'creator', 'sequence', 'created',
        'updated', 'lease', 'until')
    if row[1] then
        table.insert(row, 1, key)
        return row
    end
end

-- The same for a write: what the indices have of it.
local function object_standing(key)
    local row = redis.call('HMGET', prefix .. 'object:' .. key, 'uid',
        'version', 'config', 'sequence', 'created', 'updated', 'refs',
        'unique', 'state', 'lease', 'until')
    if not row[1] then
        return
    end
    local object = {
        key = key, uid = row[1], version = row[2], config = row[3] or '',
        sequence = row[4], created = row[5], updated = row[6], refs = {},
        unique = row[8] or '', state = row[9] or '', lease = row[10] or '',
        leased_until = tonumber(row[11] or '0')
    }
    for ref in string.gmatch(row[7] or '', '%S+') do
        object.refs[#object.refs + 1] = ref
    end
    return object
end

-- "connections" and "ID" of "connections/ID".
local function key_parts(key)
    return string.match(key, '^([^/]*)/(.*)$')
end

-- The folded permission resource of an object.
local function object_path(key)
    local kind, id = key_parts(key)
    return string.lower(string.find(kind, '^ssh%-') and '/ssh/' .. id
        or '/trust/' .. key)
end

-- Does a private link wait to be provisioned?
local function waiting(state)
    return state == 'CREATING' or state == 'UPDATING'
end

-- Why an object cannot go: the first of those that refer to it, and how many of
-- the first STEP are of the two kinds that are told.
local function object_used(key)
    local keys = redis.call('ZRANGE', prefix .. 'used:' .. key, 0, STEP - 1)
    if #keys == 0 then
        return
    end
    local count, users = { connections = 0, destinations = 0 }, {}
    for i, user in ipairs(keys) do
        local kind = key_parts(user)
        count[kind] = (count[kind] or 0) + 1
        if i <= USERS then
            users[i] = user
        end
    end
    return { 'used', count.connections, count.destinations, users }
end

-- Reads what index_object() and unindex_object() write.
local function before_object(object)
    local kind = key_parts(object.key)
    redis.call('ZCARD', prefix .. 'objects:' .. kind)
    redis.call('HGET', prefix .. 'unique:' .. kind, '')
    for _, ref in ipairs(object.refs) do
        redis.call('ZCARD', prefix .. 'used:' .. ref)
        redis.call('ZCARD', prefix .. 'used:' .. key_parts(ref))
    end
    if object.config ~= '' then
        redis.call('SCARD', prefix .. 'sealed:' .. fingerprint(object.config))
    end
    redis.call('ZCARD', prefix .. 'provision')
    redis.call('SCARD', prefix .. 'destroying')
    redis.call('XLEN', prefix .. 'changes')
end

local function index_object(object)
    local kind, id = key_parts(object.key)
    redis.call('ZADD', prefix .. 'objects:' .. kind, object.sequence,
        object.key)
    if object.unique ~= '' then
        redis.call('HSET', prefix .. 'unique:' .. kind, object.unique, id)
    end
    for _, ref in ipairs(object.refs) do
        redis.call('ZADD', prefix .. 'used:' .. ref, object.sequence,
            object.key)
        redis.call('ZADD', prefix .. 'used:' .. key_parts(ref),
            object.sequence, object.key)
    end
    if object.config ~= '' then
        redis.call('SADD', prefix .. 'sealed:' .. fingerprint(object.config),
            object.key)
    end
    if object.state == 'DESTROYING' then
        redis.call('SADD', prefix .. 'destroying', object.key)
    end
end

local function unindex_object(object)
    local kind = key_parts(object.key)
    redis.call('ZREM', prefix .. 'objects:' .. kind, object.key)
    if object.unique ~= '' then
        redis.call('HDEL', prefix .. 'unique:' .. kind, object.unique)
    end
    for _, ref in ipairs(object.refs) do
        redis.call('ZREM', prefix .. 'used:' .. ref, object.key)
        redis.call('ZREM', prefix .. 'used:' .. key_parts(ref), object.key)
    end
    if object.config ~= '' then
        redis.call('SREM', prefix .. 'sealed:' .. fingerprint(object.config),
            object.key)
    end
    if object.state ~= '' then
        redis.call('ZREM', prefix .. 'provision', object.key)
        redis.call('SREM', prefix .. 'destroying', object.key)
    end
end

-- Approvals belong to the uid of an object: another one that gets its id later
-- has none of them.
local function approvals_key(uid, kind)
    return prefix .. 'approvals:' .. uid .. '/' .. kind
end

local function approval_key(uid, kind, hash)
    return prefix .. 'approval:' .. uid .. '/' .. kind .. '/' .. hash
end

-- An approval as readers get it; nothing when there is none.
local function approval_row(uid, kind, hash)
    local row = redis.call('HMGET', approval_key(uid, kind, hash), 'content',
        'by', 'date', 'mac', 'sequence')
    if row[5] then
        table.insert(row, 1, hash)
        return row
    end
end

-- The uid of an owner (or nothing), and what the caller may do with it.
local function approval_owner(key, path, caller, operation)
    return redis.call('HGET', prefix .. 'object:' .. key, 'uid'),
        grants(caller, operation, path)
end

-- One step of the approvals that an object leaves behind, STEP at most.
local function approvals_left(uid)
    local left, room = { uid = uid, lists = {} }, STEP

    for _, kind in ipairs({ 'certificates', 'fingerprints' }) do
        local key = approvals_key(uid, kind)
        local hashes = room == 0 and {}
            or redis.call('ZRANGE', key, 0, room - 1)
        local rows = {}
        for i, hash in ipairs(hashes) do
            rows[i] = approval_key(uid, kind, hash)
        end
        left.lists[#left.lists + 1] = { key = key, hashes = hashes,
            rows = rows }
        left.rest = left.rest or redis.call('ZCARD', key) > #hashes
        room = room - #hashes
    end
    redis.call('SCARD', prefix .. 'object_trash')
    return left
end

local function remove_approvals(left)
    for _, list in ipairs(left.lists) do
        if #list.rows > 0 then
            redis.call('UNLINK', unpack(list.rows))
            redis.call('ZREM', list.key, unpack(list.hashes))
        end
    end
    if left.rest then
        redis.call('SADD', prefix .. 'object_trash', left.uid)
    else
        redis.call('SREM', prefix .. 'object_trash', left.uid)
    end
end

-- An object goes, after before_object(). Redis takes the first write even when
-- it is out of memory.
local function remove_object(object, left)
    redis.call('UNLINK', prefix .. 'object:' .. object.key)
    unindex_object(object)
    remove_approvals(left)
    changed('object', object.key, '')
end
