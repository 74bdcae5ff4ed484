package topologytest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/abacus-stream/abacus/codecs"
)

// written gives the bytes of a value, of a codec that parses them as it should. Bytes that it does not take are none of
// its faults: a test may want a record that does not decode.
func written[V any](codec codecs.Codec[V], v V) ([]byte, error) {
	data, err := codec.Append([]byte{}, v)
	if err != nil {
		return nil, err
	}
	if _, err := parse(codec, data); errors.As(err, new(*leak)) {
		return nil, err
	}
	return data, nil
}

// leak is a codec that does not replace what a value held.
type leak struct{ text string }

func (l *leak) Error() string { return l.text }

// parse parses data twice, into a fresh value and into one that is full already, as the value that a source uses for one
// record after another. A codec that lets anything of the latter shine through is an error.
func parse[V any](codec codecs.Codec[V], data []byte) (V, error) {
	var fresh, full V
	if err := codec.Parse(data, &fresh); err != nil {
		return fresh, err
	}
	fill(reflect.ValueOf(&full).Elem(), 0)
	held := fmt.Sprintf("%+v", full)
	if err := codec.Parse(data, &full); err != nil || !same(codec, fresh, full) {
		return fresh, &leak{fmt.Sprintf("codec %T: Parse gives %+v in a zero %T, but %+v (error %v) in one that held %s before: "+
			"it has to replace the whole of v, so let it parse into a new value and assign that to *v", codec, fresh, fresh, full, err, held)}
	}
	return fresh, nil
}

// same compares values, by their bytes too: some are not equal to themselves.
func same[V any](codec codecs.Codec[V], a, b V) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	first, err := codec.Append(nil, a)
	second, other := codec.Append(nil, b)
	return err == nil && other == nil && bytes.Equal(first, second)
}

// deepest is how far fill goes into a value; types may hold themselves.
const deepest = 4

// fill leaves no exported part of a value zero, where its type can be made up.
func fill(v reflect.Value, depth int) {
	if depth > deepest || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("old")
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		v.Set(filled(v.Type(), depth))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	default:
		number(v)
	}
}

// filled is a map of one entry.
func filled(t reflect.Type, depth int) reflect.Value {
	key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
	fill(key, depth+1)
	fill(value, depth+1)
	m := reflect.MakeMap(t)
	m.SetMapIndex(key, value)
	return m
}

func number(v reflect.Value) {
	switch {
	case v.CanInt():
		v.SetInt(1)
	case v.CanUint():
		v.SetUint(1)
	case v.CanFloat():
		v.SetFloat(1)
	case v.CanComplex():
		v.SetComplex(1)
	}
}
