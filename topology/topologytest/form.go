package topologytest

import (
	"encoding/json"
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

// Form is how a story writes the keys and values of a topic. Clock prints a time as the story does.
type Form struct {
	ParseKey, ParseValue func(text string) ([]byte, error)
	PrintKey, PrintValue func(data []byte, clock func(ms int64) string) (string, error)
}

// shown is a value that has a form of its own in stories, as the key of a window.
type shown interface {
	Show(clock func(ms int64) string) string
}

// As is the form of a topic with these codecs: strings as they are, other values in JSON, windows as ann@[00:00,00:05).
func As[K, V any](key codecs.Codec[K], value codecs.Codec[V]) Form {
	return Form{ParseKey: parser(key), ParseValue: parser(value), PrintKey: printer(key), PrintValue: printer(value)}
}

func parser[V any](codec codecs.Codec[V]) func(text string) ([]byte, error) {
	return func(text string) (data []byte, err error) {
		var v V
		if s, ok := any(&v).(*string); ok {
			*s = text
		} else if err := json.Unmarshal([]byte(text), &v); err != nil {
			return nil, fmt.Errorf("%q is no %T: %w", text, v, err)
		}
		return written(codec, v)
	}
}

func printer[V any](codec codecs.Codec[V]) func(data []byte, clock func(ms int64) string) (string, error) {
	return func(data []byte, clock func(ms int64) string) (string, error) {
		v, err := parse(codec, data)
		if err != nil {
			return "", err
		}
		switch v := any(v).(type) {
		case string:
			return v, nil
		case shown:
			return v.Show(clock), nil
		}
		text, err := json.Marshal(v)
		return string(text), err
	}
}
