-- date: the names of hours and days in keys. Stands before each script that says so in a line
-- "-- uses date" of its header.

-- 20261122 of days since 1970; counted from 1 March of the year 0, as the leap day ends a year then
local function date_day(days)
    days = days + 719468
    local era = math.floor(days / 146097)
    local day = days - era * 146097
    local year = math.floor((day - math.floor(day / 1460) + math.floor(day / 36524) -
        math.floor(day / 146096)) / 365)
    day = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
    local month = math.floor((5 * day + 2) / 153)
    local date = day - math.floor((153 * month + 2) / 5) + 1
    month = month < 10 and month + 3 or month - 9
    year = year + era * 400 + (month <= 2 and 1 or 0)
    return string.format('%04d%02d%02d', year, month, date)
end

-- 2026112208 of hours since 1970
local function date_hour(hours)
    return date_day(math.floor(hours / 24)) .. string.format('%02d', hours % 24)
end
