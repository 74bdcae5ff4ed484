package units

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/processors/experiment"
)

const layout = 1

// Flags of an enrolment.
const (
	flagExposed   = 1
	flagSeveral   = 2
	flagUnchecked = 4
	flagSegments  = 8 // they follow
	shiftLeftOut  = 4 // two bits from there: why the unit is not analysed
	flagDrawn     = 64
)

// Flags of a kept event; the kind has the lower three bits.
const (
	flagHasValue = 1 << (3 + iota)
	flagRetracted
	flagRefused
	flagNamed

	kindBits = 7
)

// ErrRow is the cause of a parse error for bytes that are not a row of a known layout.
var ErrRow = errors.New("malformed row")

// AppendRow appends the layout of a unit's row that the package doc shows.
func AppendRow(dst []byte, r *Row) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, layout), uint64(r.Timer))
	dst = binary.AppendVarint(dst, r.Last)
	dst = binary.AppendUvarint(dst, uint64(r.Late))
	dst = binary.AppendUvarint(dst, uint64(r.Conflicts))
	dst = binary.AppendUvarint(dst, uint64(len(r.Enrolments)))
	for i := range r.Enrolments {
		dst = appendEnrolment(dst, &r.Enrolments[i])
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Pending)))
	for _, p := range r.Pending {
		dst = binary.BigEndian.AppendUint64(dst, p.ID)
		dst = binary.BigEndian.AppendUint64(dst, p.Ref)
		dst = binary.AppendVarint(dst, p.Due)
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Kept)))
	before := int64(0)
	for i := range r.Kept {
		k := &r.Kept[i]
		dst = appendKept(dst, k, before, r.Values[k.values:k.values+k.n])
		if k.named > 0 {
			dst = appendText(dst, r.Names[k.name:k.name+k.named])
		}
		if k.Kind == Metric {
			before = k.Time
		}
	}
	return dst
}

func appendEnrolment(dst []byte, e *Enrolment) []byte {
	dst = binary.BigEndian.AppendUint64(dst, e.Experiment)
	dst = binary.AppendUvarint(dst, uint64(e.Run))
	dst = append(dst, e.flags())
	dst = binary.AppendUvarint(dst, uint64(e.BeforeStart))
	dst = binary.AppendUvarint(dst, uint64(e.AfterEnd))
	if !e.Exposed {
		return dst
	}
	dst = binary.AppendVarint(dst, e.First)
	dst = binary.AppendVarint(dst, e.Epoch)
	dst = binary.AppendVarint(dst, e.Arrived)
	dst = appendText(dst, e.FirstID)
	dst = binary.AppendUvarint(dst, uint64(e.Variant))
	if parts := e.Parts.list(); len(parts) > 1 {
		dst = binary.AppendUvarint(dst, uint64(len(parts)-1))
		for _, part := range parts[1:] {
			dst = binary.AppendUvarint(dst, uint64(part))
		}
	}
	dst = binary.AppendUvarint(dst, uint64(e.Earlier))
	dst = binary.AppendUvarint(dst, uint64(e.Seen))
	dst = binary.AppendUvarint(dst, uint64(len(e.Totals)))
	for i := range e.Totals {
		dst = binary.AppendVarint(dst, e.Totals[i])
		dst = binary.AppendUvarint(dst, uint64(e.Matured[i]))
	}
	return dst
}

func (e *Enrolment) flags() byte {
	if !e.Exposed {
		return flag(e.Several, flagSeveral)
	}
	return flagExposed | flag(e.Several, flagSeveral) | flag(!e.Checked, flagUnchecked) | flag(e.Parts[1] != 0, flagSegments) |
		byte(e.LeftOut)<<shiftLeftOut | flag(e.Drawn, flagDrawn)
}

func appendKept(dst []byte, k *Kept, before int64, values []int64) []byte {
	dst = binary.BigEndian.AppendUint64(dst, k.ID)
	dst = binary.BigEndian.AppendUint32(dst, k.Content)
	dst = append(dst, byte(k.Kind)|flag(k.HasValue, flagHasValue)|flag(k.Retracted, flagRetracted)|
		flag(k.Refused, flagRefused)|flag(k.named > 0, flagNamed))
	if k.Kind != Metric {
		return dst
	}
	dst = binary.AppendVarint(dst, k.Time-before)
	dst = binary.AppendUvarint(dst, uint64(k.Class))
	if !k.HasValue {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(values)))
	for _, v := range values {
		dst = binary.AppendVarint(dst, v)
	}
	return dst
}

// ParseRow reads a unit's row into r and uses r's memory again; r aliases nothing of data.
func ParseRow(data []byte, r *Row) error {
	in := reader{rest: data}
	r.reset()
	in.version()
	r.Timer = int64(in.uint64())
	r.Last = in.int()
	r.Late, r.Conflicts = in.count(), in.count()
	for n := in.count(); n > 0 && !in.bad; n-- {
		in.enrolment(grow(&r.Enrolments))
	}
	for n := in.count(); n > 0 && !in.bad; n-- {
		*grow(&r.Pending) = Pending{ID: in.uint64(), Ref: in.uint64(), Due: in.int()}
	}
	before := int64(0)
	for n := in.count(); n > 0 && !in.bad; n-- {
		in.kept(r, &before)
	}
	if in.bad || len(in.rest) > 0 {
		return fmt.Errorf("units: row of %d bytes: %w", len(data), ErrRow)
	}
	return nil
}

func (in *reader) enrolment(e *Enrolment) {
	*e = Enrolment{Experiment: in.uint64(), Run: int(in.count()), FirstID: e.FirstID[:0], Totals: e.Totals[:0], Matured: e.Matured[:0]}
	flags := in.byte()
	e.Exposed, e.Several = flags&flagExposed != 0, flags&flagSeveral != 0
	e.BeforeStart, e.AfterEnd = in.count(), in.count()
	if !e.Exposed {
		return
	}
	e.First, e.Epoch, e.Arrived = in.int(), in.int(), in.int()
	e.FirstID = append(e.FirstID, in.text()...)
	e.Checked, e.Drawn, e.LeftOut = flags&flagUnchecked == 0, flags&flagDrawn != 0, experiment.Cause(flags>>shiftLeftOut&3)
	e.Variant = int(in.count())
	if flags&flagSegments != 0 {
		in.segments(&e.Parts)
	}
	e.Earlier, e.Seen = int(in.count()), in.count()
	for n := in.count(); n > 0 && !in.bad; n-- {
		e.Totals = append(e.Totals, in.int())
		e.Matured = append(e.Matured, in.count())
	}
}

// segments reads one or more, as many as there may be.
func (in *reader) segments(s *segments) {
	n := in.count()
	if n < 1 || n >= int64(len(s)) {
		in.fail()
		return
	}
	for i := range n {
		part := in.count()
		if part < 1 || part > math.MaxUint16 {
			in.fail()
			return
		}
		s[1+i] = uint16(part)
	}
}

func (in *reader) kept(r *Row, before *int64) {
	k := grow(&r.Kept)
	*k = Kept{ID: in.uint64(), Content: in.uint32()}
	flags := in.byte()
	k.Kind, k.HasValue = Kind(flags&kindBits), flags&flagHasValue != 0
	k.Retracted, k.Refused = flags&flagRetracted != 0, flags&flagRefused != 0
	k.values = len(r.Values)
	if k.Kind == Metric {
		k.Time = *before + in.int()
		*before = k.Time
		k.Class = uint32(in.count())
		if k.HasValue {
			for n := in.count(); n > 0 && !in.bad; n-- {
				r.Values = append(r.Values, in.int())
			}
			k.n = len(r.Values) - k.values
		}
	}
	if flags&flagNamed != 0 {
		r.name(in.text())
	}
}

func flag(v bool, bit byte) byte {
	if v {
		return bit
	}
	return 0
}

func appendText(dst, text []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}
