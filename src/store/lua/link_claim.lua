-- Takes a lease on a private link that waits to be provisioned.
--
-- ARGV: layout, hub, key (empty: the one that has waited longest), milliseconds
--       of the lease, guard
-- Answers: ok, row, or none: nothing is due; missing; state: it does not wait;
--          leased: somebody else works on it

local key = ARGV[3]
local refused = key == '' and refusal() or key ~= '' and write_refusal()
    or denial(5)
if refused then
    return refused
end

local provision = prefix .. 'provision'
local time = now()

if key == '' then
    key = not read_only() and redis.call('ZRANGEBYSCORE', provision, '-inf',
        decimal(time), 'LIMIT', 0, 1)[1]
    if not key then
        return { 'none' }
    end
end

local object, row = object_standing(key), object_row(key)

if not object then
    return { 'missing' }
end
if not waiting(object.state) then
    return { 'state' }
end
if time < object.leased_until then
    return { 'leased' }
end

redis.call('ZCARD', provision)

-- From here on only writes. The first one is refused when memory is out.
local lease = next_sequence()
local ends = decimal(time + tonumber(ARGV[4]) * 1000)

redis.call('SET', prefix .. 'clock', decimal(time))
redis.call('HSET', prefix .. 'object:' .. key, 'lease', lease, 'until', ends)
redis.call('ZADD', provision, 'XX', ends, key)

row[10], row[11] = lease, ends

return { 'ok', row }
