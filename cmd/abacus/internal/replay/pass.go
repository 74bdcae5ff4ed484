package replay

import (
	"errors"
	"fmt"
	"io"
)

// reader is what one pass over the file does with its rows.
type reader struct {
	row      func(cells []string, r *row) error
	bad      func(line int, fault error)
	unchosen func()
}

// pass reads the file from start to end.
func (p *Plan) pass(to *reader) error {
	s, err := openSource(p.cfg.File)
	if err != nil {
		return err
	}
	defer s.close()
	if err := p.mapping.bind(&p.cfg, s.header); err != nil {
		return err
	}
	var r row
	for {
		cells, line, fault, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.cfg.File, err)
		}
		if err := p.take(to, taken{cells, line, s.row - 1, fault}, &r); err != nil {
			return err
		}
	}
}

// taken is one row as it comes from the file.
type taken struct {
	cells []string
	line  int
	index int
	fault error
}

func (p *Plan) take(to *reader, t taken, r *row) error {
	fault := t.fault
	if fault == nil {
		var chosen bool
		if chosen, fault = p.mapping.chosen(t.cells); fault == nil && !chosen {
			to.unchosen()
			return nil
		}
	}
	if fault == nil {
		fault = p.mapping.read(t.cells, t.index, r)
	}
	if fault != nil {
		to.bad(t.line, fault)
		return nil
	}
	return to.row(t.cells, r)
}
