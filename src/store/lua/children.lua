-- Certificates that have a version signed by a CA, itself left out, one step.
-- It reads only.
--
-- ARGV: layout, hub, folded name of the CA, cursor (the last id looked at, or
--       empty), actor whose grants count (or empty), letter of the operation
-- Answers: ok, next cursor (empty: no more), signed count of the CA, { name,
--          folded name, credential id, folded signer of the newest version, 1
--          when others name it as CA, else 0, grants }...

local ROWS = 250

local refused = refusal()
if refused then
    return refused
end

local ca, cursor = ARGV[3], ARGV[4]

local ids = redis.call('ZRANGEBYLEX', prefix .. 'signs:' .. ca,
    cursor == '' and '-' or '(' .. cursor, '+', 'LIMIT', 0, ROWS)

local answer = { 'ok', #ids == ROWS and ids[ROWS] or '', signed_count(ca) }

for _, id in ipairs(ids) do
    -- what is left of a deleted certificate does not count
    local name = redis.call('GET', prefix .. 'certificate:' .. id)
    local found = name and standing(name)
    if found and found.credential == id then
        local signer = redis.call('HGET', prefix .. 'version:' .. found.newest,
            'signer')
        answer[#answer + 1] = { found.name, name, id,
            string.lower(signer or ''),
            redis.call('EXISTS', prefix .. 'signs:' .. name),
            grants(ARGV[5], ARGV[6], name) }
    end
end

return answer
