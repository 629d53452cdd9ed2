-- One permission, by its id or by actor and path.
-- It reads only.
--
-- ARGV: layout, hub, id (or empty), folded actor, folded path, caller whose
--       grants count (or empty), letter of the operation that is needed
-- Answers: ok, id, path, actor, operations, MAC, grants of the caller on the
--       path; or missing, grants (none when the path is not known)

local refused = refusal()
if refused then
    return refused
end

local id, path = ARGV[3], ARGV[5]

if id == '' then
    id = redis.call('HGET', prefix .. 'actor:' .. ARGV[4], path)
    if not id then
        return { 'missing', grants(ARGV[6], ARGV[7], path) }
    end
end

local row = redis.call('HMGET', prefix .. 'permission:' .. id,
    'path', 'actor', 'operations', 'mac')
if not row[1] then
    return { 'missing', {} }
end

return { 'ok', id, row[1], row[2], row[3], row[4],
    grants(ARGV[6], ARGV[7], string.lower(row[1])) }
