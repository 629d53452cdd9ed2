-- One version by its id, unless its credential was deleted.
--
-- ARGV: layout, hub, version id, actor whose grants to read count (or empty),
--       fields...
-- Answers: ok, folded name, values of the fields, grants, or missing

local refused = refusal()
if refused then
    return refused
end

local version_key = prefix .. 'version:' .. ARGV[3]
local row = redis.call('HMGET', version_key, 'folded', 'credential')

if not row[1] or redis.call('HGET', prefix .. 'credential:' .. row[1],
    'credential') ~= row[2]
then
    return { 'missing' }
end

return { 'ok', row[1], redis.call('HMGET', version_key, unpack(ARGV, 5)),
    grants(ARGV[4], 'r', row[1]) }
