package event

// skip reads any value; depth is the number of objects and arrays around it.
func skip(data []byte, i, depth int) int {
	if i >= len(data) {
		return -1
	}
	switch data[i] {
	case '"':
		end, _ := stringEnd(data, i+1)
		if end < 0 {
			return -1
		}
		return end + 1
	case '{':
		return skipObject(data, i, depth+1)
	case '[':
		return skipArray(data, i, depth+1)
	case 't':
		return word(data, i, "true")
	case 'f':
		return word(data, i, "false")
	case 'n':
		return word(data, i, "null")
	}
	_, _, end := number(data, i)
	return end
}

func skipObject(data []byte, i, depth int) int {
	if depth > maxDepth {
		return -1
	}
	i, more := open(data, i, '}')
	for more {
		if _, _, i = member(data, i); i < 0 {
			return -1
		}
		if i = skip(data, i, depth); i < 0 {
			return -1
		}
		i, more = next(data, i, '}')
	}
	return i
}

func skipArray(data []byte, i, depth int) int {
	if depth > maxDepth {
		return -1
	}
	i, more := open(data, i, ']')
	for more {
		if i = skip(data, i, depth); i < 0 {
			return -1
		}
		i, more = next(data, i, ']')
	}
	return i
}

// open steps over the brace or bracket at i to the first member, or, with more false, past the empty one's end.
func open(data []byte, i int, closing byte) (at int, more bool) {
	i = space(data, i+1)
	if i < len(data) && data[i] == closing {
		return i + 1, false
	}
	return i, true
}

// next steps from behind a member to the following one, or, with more false, past the closing byte.
func next(data []byte, i int, closing byte) (at int, more bool) {
	i = space(data, i)
	if i >= len(data) {
		return -1, false
	}
	switch data[i] {
	case ',':
		return space(data, i+1), true
	case closing:
		return i + 1, false
	}
	return -1, false
}

// member reads the key of an object's member, still escaped unless plain, up to the start of its value.
func member(data []byte, i int) (key []byte, plain bool, at int) {
	if i >= len(data) || data[i] != '"' {
		return nil, false, -1
	}
	end, plain := stringEnd(data, i+1)
	if end < 0 {
		return nil, false, -1
	}
	key = data[i+1 : end : end]
	i = space(data, end+1)
	if i >= len(data) || data[i] != ':' {
		return nil, false, -1
	}
	return key, plain, space(data, i+1)
}

// word reads one of JSON's three words.
func word(data []byte, i int, w string) int {
	if len(data)-i < len(w) || string(data[i:i+len(w)]) != w {
		return -1
	}
	return i + len(w)
}
