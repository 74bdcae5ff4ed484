package processors

import (
	"fmt"

	"github.com/abacus-stream/abacus/topology"
)

// span is the arithmetic of one side of a join of streams, in ms.
type span struct {
	side          byte
	behind, ahead int64 // its partners lie in [time - behind, time + ahead]
	grace         int64
	tracked       bool // a record without partner is forwarded alone
}

// open says whether a record may still find partners at a stream time.
func (s span) open(at, now int64) bool { return s.closes(at) > now }

// closes is the stream time at which the window of a record closes.
func (s span) closes(at int64) int64 { return at + s.ahead + s.grace + 1 }

// lane is one side of a join of streams: the record at hand, or one from the buffer.
type lane[K, V any] struct {
	aside[K, V]
	span
	rec     *topology.Record[K, V]
	encoded []byte // value of rec
	parsed  V      // value of the one from the buffer
	time    int64  // and its time

	pair  func() error // forwards rec with the other side's from the buffer
	alone func() error // forwards the one from the buffer without partner
}

// admit makes a record the one at hand and encodes it; false where it is put aside.
func (l *lane[K, V]) admit(b *buffer, rec *topology.Record[K, V]) (ok bool, err error) {
	if l.skips(rec) {
		return false, nil
	}
	if !l.open(rec.Time, l.StreamTime()) {
		l.late(rec, rec.Time-l.behind, rec.Time+l.ahead+1)
		return false, nil
	}
	if b.plain, err = l.key.Append(b.plain[:0], rec.Key); err != nil {
		l.reject(rec, ReasonFailed, fmt.Errorf("key: %w", err))
		return false, nil
	}
	if l.encoded, err = l.value.Append(l.encoded[:0], rec.Value); err != nil {
		l.reject(rec, ReasonFailed, fmt.Errorf("value: %w", err))
		return false, nil
	}
	l.rec = rec
	return true, nil
}

// read makes an entry of the buffer the one at hand.
func (l *lane[K, V]) read(b *buffer, e entry) error {
	l.time = e.time
	if err := l.value.Parse(e.value, &l.parsed); err != nil {
		return misread(b.table.Name(), b.key, err)
	}
	return nil
}

// meet pairs a record of one side with all its partners of the other and keeps it.
func meet[K, V, W any](b *buffer, mine *lane[K, V], theirs *lane[K, W], rec *topology.Record[K, V]) error {
	if ok, err := mine.admit(b, rec); err != nil || !ok {
		return err
	}
	from, to, paired := rec.Time-mine.behind, rec.Time+mine.ahead, false
	for start := floor(from, b.width); start <= to; start += b.width {
		for chunk := uint32(0); ; chunk++ {
			found, err := b.load(start, theirs.side, chunk)
			if err != nil {
				return err
			}
			if !found {
				break
			}
			n, err := partners(b, theirs, from, to, mine.pair)
			if err != nil {
				return err
			}
			paired = paired || n > 0
		}
	}
	return b.add(mine.span, rec.Time, paired, mine.encoded)
}

// partners pairs the record at hand with those of a row that lie in [from, to] and are open.
func partners[K, W any](b *buffer, theirs *lane[K, W], from, to int64, pair func() error) (n int, err error) {
	now, flagged := theirs.StreamTime(), false
	for at := 1; at < len(b.row); {
		e, err := b.entry(at)
		if err != nil {
			return n, err
		}
		at = e.end
		if e.time < from || e.time > to || !theirs.open(e.time, now) {
			continue
		}
		if err := theirs.read(b, e); err != nil {
			return n, err
		}
		if err := pair(); err != nil {
			return n, err
		}
		if n++; theirs.tracked && !e.paired {
			b.row[e.at], flagged = entryPaired, true
		}
	}
	if flagged {
		b.table.Put(b.key, b.row)
	}
	return n, nil
}

// lapse forwards the records of a row that close at a stream time without having found a partner,
// and deletes the row with the last of them.
func lapse[K, V any](b *buffer, l *lane[K, V], due int64) error {
	flagged := false
	for at := 1; l.tracked && at < len(b.row); {
		e, err := b.entry(at)
		if err != nil {
			return err
		}
		at = e.end
		if e.paired || l.open(e.time, due) {
			continue
		}
		if err := l.read(b, e); err != nil {
			return err
		}
		if err := l.alone(); err != nil {
			return err
		}
		b.row[e.at], flagged = entryPaired, true
	}
	switch {
	case due >= b.end(l.span, b.key):
		b.remove()
	case flagged:
		b.table.Put(b.key, b.row)
	}
	return nil
}
