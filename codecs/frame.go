package codecs

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"
)

// Frame says which schema the values of [Framed] are written with, and where the schemas of what is read are found.
type Frame struct {
	Registry *sr.Client // required; the timeout of its HTTP client bounds each question
	Subject  string     // required, as orders-value
	Schema   sr.Schema  // what values are written with; without text: the newest of the subject
	Register bool       // registers Schema where the subject does not have it; else it must be there
	Index    []int      // of Protobuf: where the message is in its file; default: that of [Proto]'s, else [0]

	// Check says whether values of a schema that a record names can be read; default: whether it has the type of the
	// schema that is written with. It is asked once a schema.
	Check func(sr.Schema) error
}

// ErrRegistry is the cause of an error of [Framed] where the registry gave no answer: the record may be good, so a
// source had better stop than make it a dead letter.
var ErrRegistry = errors.New("no answer from the schema registry")

// Validate reports every fault at once.
func (f Frame) Validate() error {
	var faults []error
	if f.Registry == nil {
		faults = append(faults, errors.New("codecs: frame without a Registry: give it one of sr.NewClient"))
	}
	if f.Subject == "" {
		faults = append(faults, errors.New("codecs: frame without a Subject: it names the schemas of a topic, as orders-value"))
	}
	if f.Register && f.Schema.Schema == "" {
		faults = append(faults, fmt.Errorf("codecs: frame of %q: Register without the text of a Schema", f.Subject))
	}
	for _, i := range f.Index {
		if i < 0 {
			faults = append(faults, fmt.Errorf("codecs: frame of %q: Index %d: want the places of a message and those around it, from 0", f.Subject, f.Index))
			break
		}
	}
	return errors.Join(faults...)
}

// writer asks the registry for the id of the schema that values are written with.
func (f Frame) writer() (id int, schema sr.Schema, err error) {
	ctx := context.Background()
	switch {
	case f.Schema.Schema == "":
		var newest sr.SubjectSchema
		newest, err = f.Registry.SchemaByVersion(ctx, f.Subject, -1)
		id, schema = newest.ID, newest.Schema
	case f.Register:
		schema = f.Schema
		id, err = f.Registry.RegisterSchema(ctx, f.Subject, schema, -1, -1)
	default:
		var found sr.SubjectSchema
		schema = f.Schema
		found, err = f.Registry.LookupSchema(ctx, f.Subject, schema)
		id = found.ID
	}
	if err = answered(err, "register the schema first, or set Register"); err != nil {
		return 0, sr.Schema{}, fmt.Errorf("codecs: frame of %q: %w", f.Subject, err)
	}
	return id, schema, nil
}

// ask asks for the schema of an id and says whether its values can be read.
func (f Frame) ask(id int) error {
	schema, err := f.Registry.SchemaByID(context.Background(), id)
	if err != nil {
		return answered(err, "does the producer use another registry?")
	}
	return f.Check(schema)
}

// answered says what an error of the registry means; missing is what to do where it does not have what was asked for.
func answered(err error, missing string) error {
	var answer *sr.ResponseError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &answer):
		return fmt.Errorf("%w: %w", ErrRegistry, err)
	case answer.StatusCode == 404:
		return fmt.Errorf("not in the registry at %s: %w: %s", host(answer.URL), err, missing)
	case answer.StatusCode == 409:
		return fmt.Errorf("the registry at %s refuses the schema, see the compatibility level of the subject: %w", host(answer.URL), err)
	case answer.StatusCode == 422:
		return fmt.Errorf("the registry at %s cannot read the schema: %w", host(answer.URL), err)
	}
	return fmt.Errorf("%w at %s, but status %d: %w", ErrRegistry, host(answer.URL), answer.StatusCode, err)
}

// host is the part of an address that names the server, without what may be secret.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return strings.TrimSpace(address)
	}
	return u.Host
}
