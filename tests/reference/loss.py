"""Prints the values that the tests in src/engine/loss.rs compare a loss with: `python3 loss.py
EXPRESSION [PARAMETER]`.

Needs torch. The expression is that of the test: the terms of sum_e v_e l_e from the outputs `a` and
the targets `t`, shape (examples, 4), the weights `w` of targets, shape (4), and `v` of examples,
shape (examples, 1), and the parameter `p` of the loss. Printed are the sum and its derivatives with
respect to the outputs.
"""

import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
a = torch.tensor([[0.3, -1.2, 2.0, 0.4], [0.7, 0.9, -0.2, 1.9]], requires_grad=True)
t = torch.tensor([[0.8, 0.2, 0.1, 0.0]] * 2)
w = torch.tensor([0.7, 1.2, 0.0, 0.0])
v = torch.tensor([[1.0], [1.3]])
p = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
value = eval(sys.argv[1]).sum()
value.backward()
print(value.item(), a.grad.flatten().tolist())
