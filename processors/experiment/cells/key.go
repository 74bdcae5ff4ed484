package cells

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// Kinds of rows: the first byte of their keys.
const (
	totalRows    = 't'
	segmentRows  = 'g'
	pendingRows  = 'p'
	windowRows   = 'w'
	scheduleRows = 's'
	ripeRows     = 'm'
)

// appendRunKey appends <kind>|<experiment>|<run>: the key of a total or a pending row.
func appendRunKey(dst []byte, kind byte, experiment string, run int) []byte {
	dst = appendExperimentKey(dst, kind, experiment)
	return strconv.AppendInt(dst, int64(run), 10)
}

// appendExperimentKey appends <kind>|<experiment>|, what the rows of an experiment begin with.
func appendExperimentKey(dst []byte, kind byte, experiment string) []byte {
	dst = append(dst, kind, '|')
	dst = append(dst, experiment...)
	return append(dst, '|')
}

// appendWindowKey appends <kind>|<experiment>|<run>|<grain>| and the start, 8 bytes big endian.
func appendWindowKey(dst []byte, kind byte, w window) []byte {
	dst = appendRunKey(dst, kind, w.experiment, w.run)
	dst = append(dst, '|')
	dst = append(dst, w.grain...)
	dst = append(dst, '|')
	return binary.BigEndian.AppendUint64(dst, uint64(w.start))
}

// window names one window of one run of an experiment.
type window struct {
	experiment string
	run        int
	grain      string
	start      int64 // Unix ms
}

// parseWindowKey reads a key of appendWindowKey, of any kind.
func parseWindowKey(key []byte) (w window, ok bool) {
	if len(key) < 8 {
		return w, false
	}
	head, start := key[:len(key)-8], key[len(key)-8:]
	parts := bytes.Split(head, []byte{'|'})
	if len(parts) != 5 || len(parts[4]) != 0 {
		return w, false
	}
	run, err := strconv.Atoi(string(parts[2]))
	if err != nil {
		return w, false
	}
	return window{string(parts[1]), run, string(parts[3]), int64(binary.BigEndian.Uint64(start))}, true
}

// runOf reads the run of any key of an experiment.
func runOf(key []byte, experiment string) (int, bool) {
	rest := key[min(len(key), len("t|")+len(experiment)+1):]
	if at := bytes.IndexByte(rest, '|'); at >= 0 {
		rest = rest[:at]
	}
	run, err := strconv.Atoi(string(rest))
	return run, err == nil
}

// after is the least key behind all that begin with prefix, which ends with '|'.
func after(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	end[len(end)-1]++
	return end
}
