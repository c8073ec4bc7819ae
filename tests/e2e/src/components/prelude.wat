;; What every test adapter can use: an allocator, and a few words for asking
;; and telling. Memory: 0–63 the last answer of `send` and `probe`, 64–4095
;; scratch for tests, from 4096 the data.

;; Bump allocation for what the host hands over.
(func $allocate (export "cabi_realloc")
  (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (local $at i32)
  (local.set $at
    (i32.and
      (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
  (global.set $free (i32.add (local.get $at) (local.get $size)))
  (block $fits
    (br_if $fits
      (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
    (br_if $fits
      (i32.ne
        (memory.grow
          (i32.sub
            (i32.add (i32.shr_u (global.get $free) (i32.const 16)) (i32.const 1))
            (memory.size)))
        (i32.const -1)))
    unreachable)
  (local.get $at))

;; Sends a request; 1 when there is an answer, 0 when there is an error.
(func $ask
  (param $method i32) (param $url i32) (param $length i32) (param $role i32)
  (param $headers i32) (param $count i32) (result i32)
  (call $send
    (local.get $method) (local.get $url) (local.get $length) (local.get $role)
    (local.get $headers) (local.get $count) (i32.const 0))
  (i32.eqz (i32.load8_u (i32.const 0))))

;; Tells a string to the operator.
(func $tell (param $text i32) (param $length i32)
  (call $log (i32.const 1) (local.get $text) (local.get $length)))

;; Tells everything the guest sees of the last answer of `send`.
(func $tell_answer
  (local $header i32) (local $left i32)
  (if (i32.load8_u (i32.const 0))
    (then
      (call $tell (i32.load (i32.const 8)) (i32.load (i32.const 12))))
    (else
      (call $tell (i32.load (i32.const 8)) (i32.load (i32.const 12)))
      (call $tell (i32.load (i32.const 32)) (i32.load (i32.const 36)))
      (local.set $header (i32.load (i32.const 24)))
      (local.set $left (i32.load (i32.const 28)))
      (block $done
        (loop $more
          (br_if $done (i32.eqz (local.get $left)))
          (call $tell
            (i32.load offset=8 (local.get $header))
            (i32.load offset=12 (local.get $header)))
          (local.set $header (i32.add (local.get $header) (i32.const 16)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $more))))))
