package bus_test

import (
	"testing"

	"parley/domain/bus"
	"parley/domain/bus/bustest"
)

func TestTheBusOfOneProcessKeepsTheContract(t *testing.T) {
	local := &bus.Local{}
	bustest.Run(t, func(*testing.T) bus.Bus { return local })
}
