package stats

// Cap winsorises unit totals at a constant, scaled like them; 0 caps nothing. The constant belongs to the definition of a metric and
// is never estimated from the data, so that a total moves from a to b as Replace(cap.Of(a), cap.Of(b)): the raw total is what a unit
// keeps. A ratio caps both its parts.
type Cap int64

// Of is the total, or the cap where the total is above it.
func (c Cap) Of(total int64) int64 {
	if c > 0 && total > int64(c) {
		return int64(c)
	}
	return total
}
