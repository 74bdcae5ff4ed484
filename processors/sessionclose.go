package processors

import "bytes"

// close forwards the sessions that stream time has passed, the final results or without OnClose
// those not forwarded yet, and takes them out of their rows. Tombstones wait no longer than the
// window that they delete would have: who takes that for closed must hear of them before.
func (p *sessions[K, V, A]) close(now int64) error {
	for {
		due, ok := p.timers.Next()
		if !ok {
			return nil
		}
		if due > now {
			p.timer.Sooner(due)
			return nil
		}
		key, _, _ := p.timers.Pop()
		if due == p.firedAt && bytes.Equal(key, p.popped) {
			continue // the same timer twice: one of them is set anew
		}
		p.popped, p.firedAt = append(p.popped[:0], key...), due
		if err := p.closeRow(p.popped, now); err != nil {
			return err
		}
	}
}

func (p *sessions[K, V, A]) closeRow(key []byte, now int64) error {
	if err := p.load(key); err != nil {
		return err
	}
	closed := false
	for i, s := range p.row.all {
		if p.due(s.end) <= now {
			p.row.all[i].flags |= final
			closed = true
		}
	}
	if closed {
		if err := p.forwardRow(key, final, p.emit&OnClose != 0); err != nil {
			return err
		}
		p.row.drop(final)
		p.store(key)
	}
	p.expect(key)
	return nil
}
