package result

import (
	"fmt"
	"strconv"
	"strings"
)

// Total is the grain of the records that hold a whole experiment.
const Total = "total"

// Key is a key of the stats topic, taken apart.
type Key struct {
	Experiment string
	Grain      string // Total, or a window's
	Segment    string // dim=value of a segment's total, else empty
	Start      int64  // of a window, Unix ms
}

// TotalKey is the key of an experiment's total: checkout-button|total.
func TotalKey(experiment string) string { return experiment + "|" + Total }

// SegmentKey is the key of a segment's total: checkout-button|total|country=DE.
func SegmentKey(experiment, dim, value string) string {
	return TotalKey(experiment) + "|" + dim + "=" + value
}

// WindowKey is the key of the window of a grain that starts at start, Unix ms: checkout-button|60s|1790000040000.
func WindowKey(experiment, grain string, start int64) string {
	return experiment + "|" + grain + "|" + strconv.FormatInt(start, 10)
}

// String returns the key as the topic has it.
func (k Key) String() string {
	switch {
	case k.Grain != Total:
		return WindowKey(k.Experiment, k.Grain, k.Start)
	case k.Segment != "":
		return TotalKey(k.Experiment) + "|" + k.Segment
	}
	return TotalKey(k.Experiment)
}

// ParseKey takes a key apart. It accepts exactly what the three functions above make of an experiment and a grain
// that are neither empty nor hold a '|', and a dimension that is not empty and holds no '='.
func ParseKey(key string) (Key, error) {
	parts := strings.SplitN(key, "|", 3)
	k := Key{Experiment: parts[0]}
	if len(parts) > 1 {
		k.Grain = parts[1]
	}
	switch {
	case k.Experiment == "" || k.Grain == "":
	case k.Grain == Total && len(parts) == 2:
		return k, nil
	case k.Grain == Total:
		k.Segment = parts[2]
		if strings.Index(k.Segment, "=") > 0 {
			return k, nil
		}
	case len(parts) == 3:
		start, err := strconv.ParseInt(parts[2], 10, 64)
		if k.Start = start; err == nil && k.String() == key {
			return k, nil
		}
	}
	return Key{}, fmt.Errorf("result: %q is no key of a stats record", key)
}

// Key returns the key under which r is published.
func (r *Record) Key() string {
	k := Key{Experiment: r.Experiment, Grain: r.Grain, Segment: r.Segment}
	if r.Start != nil {
		k.Start = *r.Start
	}
	return k.String()
}
