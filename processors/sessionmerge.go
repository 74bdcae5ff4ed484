package processors

import (
	"bytes"
	"fmt"

	"github.com/abacus-stream/abacus/topology"
)

// absorb takes a record and the sessions that it touches out of the row and into one session,
// which is zero where the row stays as it is.
func (p *sessions[K, V, A]) absorb(rec *topology.Record[K, V]) (session, error) {
	merged, result, found, err := p.touched(rec.Time)
	if err != nil {
		return session{}, err
	}
	if p.due(merged.end) <= p.StreamTime() {
		p.late(rec, merged.start, merged.end)
		return session{}, nil
	}
	if result, err = p.fold(result, found, rec); err != nil {
		p.reject(rec, ReasonFailed, err)
		return session{}, nil
	}
	if merged.result, err = p.values.Append(p.result[:0], result); err != nil {
		return session{}, encodeError{fmt.Errorf("result: %w", err)}
	}
	p.result = merged.result
	if !p.replace(&merged) {
		return session{}, nil
	}
	return merged, nil
}

// touched is the window of a time and all sessions at most a gap from it, and their results merged.
func (p *sessions[K, V, A]) touched(at int64) (merged session, result A, found bool, err error) {
	merged = session{start: at, end: at + 1}
	for _, s := range p.row.all {
		if !p.touches(s, at) {
			continue
		}
		p.one = *new(A)
		if err := p.values.Parse(s.result, &p.one); err != nil {
			return merged, result, found, misread(p.name, p.encoded, err)
		}
		if found {
			result = p.merge(result, p.one)
		} else {
			result, found = p.one, true
		}
		merged.start, merged.end = min(merged.start, s.start), max(merged.end, s.end)
	}
	return merged, result, found, nil
}

func (p *sessions[K, V, A]) touches(s session, at int64) bool {
	return s.flags&gone == 0 && s.start <= at+p.gap && at-p.gap < s.end
}

// replace takes the sessions that a record at hand has merged out of the row, leaving tombstones
// of windows that were forwarded; false where the row has that very session.
func (p *sessions[K, V, A]) replace(merged *session) bool {
	if p.emit&OnUpdate != 0 || p.period > 0 {
		merged.flags = owed
	}
	kept := p.row.all[:0]
	for _, s := range p.row.all {
		switch {
		case s.flags&gone != 0 || s.start < merged.start || s.end > merged.end:
			kept = append(kept, s)
		case s.start == merged.start && s.end == merged.end:
			if bytes.Equal(s.result, merged.result) {
				return false
			}
			merged.flags |= s.flags & told
		case s.flags&told != 0:
			kept = append(kept, session{flags: gone, start: s.start, end: s.end})
		}
	}
	p.row.all = kept
	return true
}
