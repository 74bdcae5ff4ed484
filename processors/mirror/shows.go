package mirror

import (
	"strings"

	"github.com/abacus-stream/abacus/codecs/result"
)

// segmentMark begins the word, in place of a grain, for the hash of a segment.
const segmentMark = result.Total + "|"

// grainOf is the word by which the backlog and the rows of shown know the hash that a record is for: total, the grain of a window, or
// total|dimension=value.
func grainOf(key result.Key) string {
	if key.Segment != "" {
		return segmentMark + key.Segment
	}
	return key.Grain
}

// segmentIn is the segment of a word, empty for that of a total or a window.
func segmentIn(grain string) string {
	segment, found := strings.CutPrefix(grain, segmentMark)
	if !found {
		return ""
	}
	return segment
}

// ofWindows says whether a word is that of a window, of which there are many.
func ofWindows(grain string) bool { return grain != result.Total && segmentIn(grain) == "" }

// recordKey is the key of the record that a hash shows.
func recordKey(experiment, grain string, start int64) string {
	key := result.Key{Experiment: experiment, Grain: grain, Start: start}
	if key.Segment = segmentIn(grain); key.Segment != "" {
		key.Grain = result.Total
	}
	return key.String()
}
