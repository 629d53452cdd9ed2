-- Removes one step of what deleted credentials have left.
--
-- ARGV: layout, hub
-- Answers: ok, 1 when there is more to do, else 0

local refused = refusal()
if refused then
    return refused
end

local trash = prefix .. 'trash'
local credential = redis.call('SRANDMEMBER', trash)

if not credential or read_only() then
    return { 'ok', 0 }
end

local left = leavings(credential)

remove_leavings(left)
if not left.rest then
    redis.call('SREM', trash, credential)
end

return { 'ok', redis.call('EXISTS', trash) }
