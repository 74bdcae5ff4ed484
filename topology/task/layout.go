package task

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/topology"
)

// ErrLayout says that a store has rows which the topology would misread.
var ErrLayout = errors.New("rows of another layout")

// Layouts are rows of the task store, l | store: 1 | topic id of the changelog 16 | grace 8 | closed 8 | then three times:
// length uvarint, text. The texts are the rows, the key and the value of a topology.Layout.

// Lengths of such a row before the grace, and before the texts.
const topicHead, layoutHead = 1 + 16, 1 + 16 + 8 + 8

// keptLayout is a row that says what those of a store are.
type keptLayout struct{ key, row []byte }

// checkLayouts fails where a store has rows of another layout than the topology gives it. What is not kept yet, or of a
// changelog that is no more, is to be written by the next flush.
func (t *Task) checkLayouts() error {
	var faults []error
	for i, def := range t.cfg.Sub.Stores {
		if def.Name == t.own.Name() {
			continue
		}
		key := append([]byte{'l'}, def.Name...)
		row, found, err := t.own.Get(key)
		if err != nil {
			return err
		}
		if found {
			fault := misread(def, row, t.cfg.Changelogs[i])
			if faults = append(faults, fault); fault == nil {
				t.keepClosed(def, row, t.cfg.Changelogs[i])
			}
		}
		if fresh := appendLayout(nil, t.cfg.Changelogs[i], def, t.Closed(def.Name)); !found || !bytes.Equal(row, fresh) {
			t.layouts = append(t.layouts, keptLayout{key, fresh})
		}
	}
	return errors.Join(faults...)
}

// misread is the fault of a layout that does not fit the one kept.
func misread(def topology.Store, row []byte, changelog [16]byte) error {
	kept, err := parseLayout(row)
	switch {
	case err != nil:
		return fmt.Errorf("layout of store %s: %w", def.Name, err)
	case !isOf(row, changelog) || def.Layout.Fits(kept):
		return nil
	}
	return fmt.Errorf("store %q has %w: they are %s, the topology has %s; give the store what it had, or another name, under which it begins empty, or reset the app's topics and state together (abacus topics reset, worker.PlanReset)",
		def.Name, ErrLayout, kept, def.Layout)
}

// isOf says whether a row is about what the present changelog holds.
func isOf(row []byte, changelog [16]byte) bool { return bytes.Equal(row[1:topicHead], changelog[:]) }

// keepClosed finds what was closed under less grace than there is now: a grace that grows opens nothing again.
func (t *Task) keepClosed(def topology.Store, row []byte, changelog [16]byte) {
	if !isOf(row, changelog) {
		return
	}
	grace, closed := int64(binary.BigEndian.Uint64(row[topicHead:])), int64(binary.BigEndian.Uint64(row[topicHead+8:]))
	if def.Grace > grace && t.clock.stream > math.MinInt64+grace {
		closed = max(closed, t.clock.stream-grace)
	}
	t.closed[def.Name] = closed
}

// keepLayouts writes what checkLayouts has found missing.
func (t *Task) keepLayouts() {
	for _, l := range t.layouts {
		t.own.Put(l.key, l.row)
	}
	t.layouts = nil
}

func appendLayout(dst []byte, changelog [16]byte, def topology.Store, closed int64) []byte {
	dst = append(append(dst, 1), changelog[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(def.Grace))
	dst = binary.BigEndian.AppendUint64(dst, uint64(closed))
	for _, text := range [...]string{def.Layout.Rows, def.Layout.Key, def.Layout.Value} {
		dst = append(binary.AppendUvarint(dst, uint64(len(text))), text...)
	}
	return dst
}

func parseLayout(row []byte) (l topology.Layout, err error) {
	if len(row) < layoutHead || row[0] != 1 {
		return l, fmt.Errorf("row %x: malformed", row)
	}
	rest := row[layoutHead:]
	for _, text := range [...]*string{&l.Rows, &l.Key, &l.Value} {
		n, width := binary.Uvarint(rest)
		if width <= 0 || n > uint64(len(rest)-width) {
			return l, fmt.Errorf("row %x: malformed", row)
		}
		*text, rest = string(rest[width:width+int(n)]), rest[width+int(n):]
	}
	return l, nil
}
