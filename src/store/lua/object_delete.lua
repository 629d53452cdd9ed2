-- Deletes an object that no other refers to. It is gone for every reader with
-- the first write; approvals beyond one step are left for object_sweep.
--
-- ARGV: layout, hub, key, guard
-- Answers: ok, key, sequence, created, updated, 0, 1 when something is left,
--          else 0, or missing; used, connections, destinations, { key... }

local refused = write_refusal() or denial(4)
if refused then
    return refused
end

local object = object_standing(ARGV[3])
if not object then
    return { 'missing' }
end

refused = object_used(object.key)
if refused then
    return refused
end

local left = approvals_left(object.uid)
before_object(object)

remove_object(object, left)

return { 'ok', object.key, object.sequence, object.created, object.updated,
    '0', left.rest and 1 or 0 }
