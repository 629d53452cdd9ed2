-- Removes one step of what deleted objects have left, or a private link that is
-- being destroyed. Nothing refers to such a link, and nothing can any more.
--
-- ARGV: layout, hub
-- Answers: ok, 1 when there is more to do, else 0

local refused = refusal()
if refused then
    return refused
end

local trash, destroying = prefix .. 'object_trash', prefix .. 'destroying'
local uid = redis.call('SRANDMEMBER', trash)
local key = redis.call('SRANDMEMBER', destroying)

if not uid and not key or read_only() then
    return { 'ok', 0 }
end

if uid then
    remove_approvals(approvals_left(uid))
else
    local object = object_standing(key)
    if object and object.state == 'DESTROYING' then
        local left = approvals_left(object.uid)
        before_object(object)
        remove_object(object, left)
    else
        redis.call('SREM', destroying, key)
    end
end

return { 'ok', redis.call('EXISTS', trash, destroying) > 0 and 1 or 0 }
