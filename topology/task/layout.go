package task

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/abacus-stream/abacus/topology"
)

// ErrLayout says that a store has rows which the topology would misread.
var ErrLayout = errors.New("rows of another layout")

// Layouts are rows of the task store, l | store: 1 | topic id of the changelog 16 | then three times: length uvarint,
// text. The texts are the rows, the key and the value of a topology.Layout.

// layoutHead is the length of such a row before its texts.
const layoutHead = 1 + 16

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
		fresh := keptLayout{append([]byte{'l'}, def.Name...), appendLayout(nil, t.cfg.Changelogs[i], def.Layout)}
		row, found, err := t.own.Get(fresh.key)
		if err != nil {
			return err
		}
		if found {
			faults = append(faults, t.misread(def, row, fresh.row))
		}
		if !found || !bytes.Equal(row, fresh.row) {
			t.layouts = append(t.layouts, fresh)
		}
	}
	return errors.Join(faults...)
}

// misread is the fault of a layout that does not fit the one kept.
func (t *Task) misread(def topology.Store, row, fresh []byte) error {
	kept, err := parseLayout(row)
	switch {
	case err != nil:
		return fmt.Errorf("layout of store %s: %w", def.Name, err)
	case !bytes.Equal(row[:layoutHead], fresh[:layoutHead]) || def.Layout.Fits(kept):
		return nil
	}
	return fmt.Errorf("store %q has %w: they are %s, the topology has %s; give the store what it had, or another name, under which it begins empty, or reset the app's topics and state together (abacus topics reset, worker.PlanReset)",
		def.Name, ErrLayout, kept, def.Layout)
}

// keepLayouts writes what checkLayouts has found missing.
func (t *Task) keepLayouts() {
	for _, l := range t.layouts {
		t.own.Put(l.key, l.row)
	}
	t.layouts = nil
}

func appendLayout(dst []byte, changelog [16]byte, l topology.Layout) []byte {
	dst = append(append(dst, 1), changelog[:]...)
	for _, text := range [...]string{l.Rows, l.Key, l.Value} {
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
