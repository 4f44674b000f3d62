(component
  (import "evil:kernel/ring-zero@1.0.0" (instance (export "poke" (func (param "at" u64) (param "value" u64))))))
