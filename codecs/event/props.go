package event

// fewProps is how many props are compared pair by pair; more of them are looked up in a map, so that an event of a
// hundred thousand keys costs no more than its bytes.
const fewProps = 32

// props reads an object's top level into ev.Props; any other value is read as none.
func (s *Scanner) props(i int, ev *Event) int {
	ev.Props = ev.Props[:0]
	if i >= len(s.data) || s.data[i] != '{' {
		return skip(s.data, i, 1)
	}
	i, more := open(s.data, i, '}')
	for more {
		key, plain, at := member(s.data, i)
		if at < 0 {
			return -1
		}
		if !plain {
			key = s.unescape(key)
		}
		p := Prop{Key: key}
		if i = s.prop(at, &p); i < 0 {
			return -1
		}
		ev.Props = append(ev.Props, p)
		i, more = next(s.data, i, '}')
	}
	ev.Props = lastOfEach(ev.Props)
	return i
}

// prop reads the value of one prop.
func (s *Scanner) prop(i int, p *Prop) int {
	if i >= len(s.data) {
		return -1
	}
	switch c := s.data[i]; {
	case c == '"':
		p.Text, i = s.text(i, MaxBytes)
		return i
	case c == '{' || c == '[' || c == 'n':
		p.Kind = Other
	default:
		p.Kind = Literal
	}
	end := skip(s.data, i, 2)
	if end >= 0 {
		p.Text = s.data[i:end:end]
	}
	return end
}

// lastOfEach drops, in place, every prop whose key comes again.
func lastOfEach(props []Prop) []Prop {
	if len(props) > fewProps {
		return lastOfMany(props)
	}
	kept := props[:0]
next:
	for i := range props {
		for j := i + 1; j < len(props); j++ {
			if string(props[i].Key) == string(props[j].Key) {
				continue next
			}
		}
		kept = append(kept, props[i])
	}
	return kept
}

func lastOfMany(props []Prop) []Prop {
	last := make(map[string]int, len(props))
	for i := range props {
		last[string(props[i].Key)] = i
	}
	kept := props[:0]
	for i := range props {
		if last[string(props[i].Key)] == i {
			kept = append(kept, props[i])
		}
	}
	return kept
}
