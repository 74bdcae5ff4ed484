package replay

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// source reads the rows of one CSV file from its start: gzip by its first bytes, a BOM, CRLF, quoted cells.
type source struct {
	file   *os.File
	unzip  *gzip.Reader // nil: plain
	reader *csv.Reader
	header []string
	row    int // rows read, bad ones included
}

// openSource opens path and reads the header.
func openSource(path string) (*source, error) {
	file, err := os.Open(path) // its error names the path
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		file.Close()
		return nil, fmt.Errorf("%s: is a folder: want a CSV file", path)
	}
	s := &source{file: file}
	if err := s.begin(); err != nil {
		s.close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (s *source) begin() error {
	plain := bufio.NewReaderSize(s.file, 1<<16)
	if magic, _ := plain.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		var err error
		if s.unzip, err = gzip.NewReader(plain); err != nil {
			return fmt.Errorf("begins like gzip and cannot be read as such, is it whole? %w", err)
		}
		plain = bufio.NewReaderSize(s.unzip, 1<<16)
	}
	if err := skipBOM(plain); err != nil {
		return err
	}
	s.reader = csv.NewReader(plain)
	s.reader.ReuseRecord = true
	header, err := s.reader.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty: want a header with the names of the columns")
	}
	if err != nil {
		return fmt.Errorf("the header is not CSV: %w", told(err))
	}
	for _, name := range header {
		s.header = append(s.header, strings.TrimSpace(name))
	}
	return checkHeader(s.header)
}

// checkHeader tells what files of other kinds look like.
func checkHeader(header []string) error {
	if !utf8.ValidString(strings.Join(header, "")) {
		return errors.New("the header is not UTF-8: is it a CSV file?")
	}
	if len(header) > 1 {
		return nil
	}
	for _, separator := range []string{";", "\t", "|"} {
		if strings.Contains(header[0], separator) {
			return fmt.Errorf("the cells are separated by %q: want commas", separator)
		}
	}
	return nil
}

func skipBOM(r *bufio.Reader) error {
	start, _ := r.Peek(3)
	switch {
	case bytes.Equal(start, []byte{0xef, 0xbb, 0xbf}):
		_, err := r.Discard(3)
		return err
	case len(start) >= 2 && (bytes.Equal(start[:2], []byte{0xff, 0xfe}) || bytes.Equal(start[:2], []byte{0xfe, 0xff})):
		return errors.New("the file is UTF-16: convert it to UTF-8")
	}
	return nil
}

// next returns the cells of the next row, valid until the next call, without the white space around them, and the
// line it starts on. fault is a *badRow for a row that is not CSV; the row after it can be read. err is io.EOF at the end.
func (s *source) next() (cells []string, line int, fault, err error) {
	cells, err = s.reader.Read()
	var odd *csv.ParseError
	switch {
	case err == nil:
		line, _ = s.reader.FieldPos(0)
		for i, cell := range cells {
			cells[i] = strings.TrimSpace(cell)
		}
	case errors.Is(err, csv.ErrFieldCount):
		line, _ = s.reader.FieldPos(0)
		fault = bad("%d cells, the header has %d", len(cells), len(s.header))
	case errors.As(err, &odd):
		line, fault = odd.StartLine, bad("not CSV: %v", odd.Err)
	case errors.Is(err, io.EOF):
		return nil, 0, nil, io.EOF
	default:
		return nil, 0, nil, fmt.Errorf("after row %d: %w", s.row, told(err))
	}
	s.row++
	return cells, line, fault, nil
}

// told explains what reading gave.
func told(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the compressed file ends too early, is it whole? %w", err)
	}
	return err
}

func (s *source) close() {
	if s.unzip != nil {
		s.unzip.Close()
	}
	s.file.Close()
}
