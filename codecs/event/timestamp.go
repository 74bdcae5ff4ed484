package event

import "time"

// parseTime reads text as time.RFC3339Nano does, floored to Unix ms. The usual form, upper case with whole minutes
// of zone, is read without allocating; every other is left to package time.
func parseTime(text []byte) (ms int64, ok bool) {
	if ms, ok = usualTime(text); ok {
		return ms, true
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return 0, false
	}
	return t.UnixMilli(), true
}

// usualTime reads 2006-01-02T15:04:05[.fraction](Z|±15:04). It may decline what is good, never accept what is not.
func usualTime(b []byte) (ms int64, ok bool) {
	if len(b) < len("2006-01-02T15:04:05Z") || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	year := two(b, 0)*100 + two(b, 2)
	month, day, hour, minute, second := two(b, 5), two(b, 8), two(b, 11), two(b, 14), two(b, 17)
	if min(year, month, day, hour, minute, second) < 0 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if t.Month() != time.Month(month) || t.Day() != day {
		return 0, false // no such day
	}
	fraction, i := fractionMs(b, 19)
	zone, ok := zoneSeconds(b[i:])
	return (t.Unix()-zone)*1000 + fraction, ok && i != len("2006-01-02T15:04:05.")
}

// two reads two digits, or is far below 0.
func two(b []byte, i int) int {
	tens, ones := b[i]-'0', b[i+1]-'0'
	if tens > 9 || ones > 9 {
		return -1 << 20
	}
	return int(tens)*10 + int(ones)
}

// fractionMs reads a point and digits at i, if they are there, floored to milliseconds.
func fractionMs(b []byte, i int) (ms int64, end int) {
	if b[i] != '.' {
		return 0, i
	}
	i++
	for place := int64(100); i < len(b) && b[i]-'0' <= 9; i++ {
		ms += int64(b[i]-'0') * place
		place /= 10
	}
	return ms, i
}

// zoneSeconds reads Z or ±15:04, which must be all there is.
func zoneSeconds(b []byte) (seconds int64, ok bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) != len("+15:04") || b[3] != ':' || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hour, minute := two(b, 1), two(b, 4)
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, false
	}
	seconds = int64(hour*60+minute) * 60
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}
