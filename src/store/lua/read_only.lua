-- The switch that every write script obeys; it works in either position.
--
-- ARGV: layout, hub, "on" or "off", guard
-- Answers: ok, 1 when the store is read-only, else 0

local refused = refusal() or denial(4)
if refused then
    return refused
end

if ARGV[3] == 'on' then
    redis.call('SET', prefix .. 'read_only', '1')
else
    redis.call('DEL', prefix .. 'read_only')
end

return { 'ok', ARGV[3] == 'on' and 1 or 0 }
