-- One version by its id, unless its credential was deleted or it is staged.
-- It reads only.
--
-- ARGV: layout, hub, version id, actor whose grants to read count (or empty),
--       fields...
-- Answers: ok, folded name, values of the fields, grants, id of the
--          transitional version (or empty), or missing

local refused = refusal()
if refused then
    return refused
end

local version_key = prefix .. 'version:' .. ARGV[3]
local folded = redis.call('HGET', version_key, 'folded')
local found = folded and standing(folded)

if not found or not has_version(found, ARGV[3]) then
    return { 'missing' }
end

return { 'ok', folded, redis.call('HMGET', version_key, unpack(ARGV, 5)),
    grants(ARGV[4], 'r', folded), found.transitional or '' }
