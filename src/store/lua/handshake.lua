-- Says which store this is; the first one to ask makes it a store, unless it may
-- only read.
--
-- ARGV: layout, hub (empty here), oldest layout that may write, candidate hub
-- Answers: ok, writer, hub

local schema = redis.call('HMGET', KEYS[1], 'writer', 'hub')

if not schema[1] then
    schema = { ARGV[3], ARGV[4] }
    redis.call('HSET', KEYS[1],
        'layout', ARGV[1], 'writer', schema[1], 'hub', schema[2])
end

return { 'ok', schema[1], schema[2] }
