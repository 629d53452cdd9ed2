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

-- The fingerprints of every key that ever sealed a version.
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
