-- Removes one step of version rows of deleted credentials.
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

local versions_key = prefix .. 'versions:' .. credential
local ids = redis.call('ZRANGE', versions_key, 0, STEP - 1)
local rest = redis.call('ZCARD', versions_key) > #ids
local keys = seal_keys()

remove_versions(credential, ids, keys)
if not rest then
    redis.call('SREM', trash, credential)
end

return { 'ok', redis.call('EXISTS', trash) }
