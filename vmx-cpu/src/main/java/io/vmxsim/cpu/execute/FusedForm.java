package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.FusedForm.Order.ORDER_132;
import static io.vmxsim.cpu.execute.FusedForm.Order.ORDER_213;
import static io.vmxsim.cpu.execute.FusedForm.Order.ORDER_231;
import static io.vmxsim.cpu.execute.FusedForm.Signs.FMADD;
import static io.vmxsim.cpu.execute.FusedForm.Signs.FMADDSUB;
import static io.vmxsim.cpu.execute.FusedForm.Signs.FMSUB;
import static io.vmxsim.cpu.execute.FusedForm.Signs.FMSUBADD;
import static io.vmxsim.cpu.execute.FusedForm.Signs.FNMADD;
import static io.vmxsim.cpu.execute.FusedForm.Signs.FNMSUB;

import io.vmxsim.cpu.decode.Op;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a fused instruction computes, one row for each (volume 1, 14.5).
 *
 * @param order which operands are multiplied
 * @param packed whether of all elements, or of the lowest only
 */
record FusedForm(Order order, Signs signs, FloatFormat format, boolean packed) {
  /** The operands by number: the first two digits are multiplied, the third is added. */
  enum Order {
    ORDER_132,
    ORDER_213,
    ORDER_231
  }

  /** The signs of the product and, in even and odd elements, of what is added to it. */
  enum Signs {
    FMADD(false, false, false),
    FMSUB(false, true, true),
    FNMADD(true, false, false),
    FNMSUB(true, true, true),
    FMADDSUB(false, true, false),
    FMSUBADD(false, false, true);

    final boolean negatesProduct;
    private final boolean subtractsInEven;
    private final boolean subtractsInOdd;

    Signs(boolean negatesProduct, boolean subtractsInEven, boolean subtractsInOdd) {
      this.negatesProduct = negatesProduct;
      this.subtractsInEven = subtractsInEven;
      this.subtractsInOdd = subtractsInOdd;
    }

    boolean subtracts(int element) {
      return (element & 1) == 0 ? subtractsInEven : subtractsInOdd;
    }
  }

  private static final Map<Op, FusedForm> FORMS = new EnumMap<>(Op.class);

  static {
    rows(ORDER_132, FMADDSUB, Op.VFMADDSUB132PS, Op.VFMADDSUB132PD);
    rows(ORDER_132, FMSUBADD, Op.VFMSUBADD132PS, Op.VFMSUBADD132PD);
    rows(ORDER_132, FMADD, Op.VFMADD132PS, Op.VFMADD132PD, Op.VFMADD132SS, Op.VFMADD132SD);
    rows(ORDER_132, FMSUB, Op.VFMSUB132PS, Op.VFMSUB132PD, Op.VFMSUB132SS, Op.VFMSUB132SD);
    rows(ORDER_132, FNMADD, Op.VFNMADD132PS, Op.VFNMADD132PD, Op.VFNMADD132SS, Op.VFNMADD132SD);
    rows(ORDER_132, FNMSUB, Op.VFNMSUB132PS, Op.VFNMSUB132PD, Op.VFNMSUB132SS, Op.VFNMSUB132SD);
    rows(ORDER_213, FMADDSUB, Op.VFMADDSUB213PS, Op.VFMADDSUB213PD);
    rows(ORDER_213, FMSUBADD, Op.VFMSUBADD213PS, Op.VFMSUBADD213PD);
    rows(ORDER_213, FMADD, Op.VFMADD213PS, Op.VFMADD213PD, Op.VFMADD213SS, Op.VFMADD213SD);
    rows(ORDER_213, FMSUB, Op.VFMSUB213PS, Op.VFMSUB213PD, Op.VFMSUB213SS, Op.VFMSUB213SD);
    rows(ORDER_213, FNMADD, Op.VFNMADD213PS, Op.VFNMADD213PD, Op.VFNMADD213SS, Op.VFNMADD213SD);
    rows(ORDER_213, FNMSUB, Op.VFNMSUB213PS, Op.VFNMSUB213PD, Op.VFNMSUB213SS, Op.VFNMSUB213SD);
    rows(ORDER_231, FMADDSUB, Op.VFMADDSUB231PS, Op.VFMADDSUB231PD);
    rows(ORDER_231, FMSUBADD, Op.VFMSUBADD231PS, Op.VFMSUBADD231PD);
    rows(ORDER_231, FMADD, Op.VFMADD231PS, Op.VFMADD231PD, Op.VFMADD231SS, Op.VFMADD231SD);
    rows(ORDER_231, FMSUB, Op.VFMSUB231PS, Op.VFMSUB231PD, Op.VFMSUB231SS, Op.VFMSUB231SD);
    rows(ORDER_231, FNMADD, Op.VFNMADD231PS, Op.VFNMADD231PD, Op.VFNMADD231SS, Op.VFNMADD231SD);
    rows(ORDER_231, FNMSUB, Op.VFNMSUB231PS, Op.VFNMSUB231PD, Op.VFNMSUB231SS, Op.VFNMSUB231SD);
  }

  /** The operations of one kind: on packed singles and doubles, then the scalar ones. */
  private static void rows(Order order, Signs signs, Op... ops) {
    for (int i = 0; i < ops.length; i++) {
      FloatFormat format = (i & 1) == 0 ? FloatFormat.SINGLE : FloatFormat.DOUBLE;
      FORMS.put(ops[i], new FusedForm(order, signs, format, i < 2));
    }
  }

  /** The form of an operation of {@link Op.Group#SIMD_FUSED}. */
  static FusedForm of(Op op) {
    FusedForm form = FORMS.get(op);
    if (form == null) {
      throw new IllegalStateException(op + " is not a fused instruction");
    }
    return form;
  }
}
