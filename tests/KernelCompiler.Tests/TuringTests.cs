using System.Reflection;
using System.Text.RegularExpressions;
using Gsasr.Kernels;

namespace Gsasr.KernelCompiler.Tests;

/// <summary>
/// The texts of kernels for hardware before sm_80. That its driver takes them, and that its tensor cores do what the instructions of later ones do, only a card can show.
/// </summary>
public sealed partial class TuringTests
{
    [Fact]
    public void A_kernel_with_instructions_of_sm_80_has_a_second_text_without_them()
    {
        CompiledKernel kernel = Translate(nameof(TuringKernels.MultiplyOnTensorCores), "sm_75");
        Assert.Contains(".target sm_80\n", kernel.Ptx, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(kernel.Ptx, @"mma\.sync\.aligned\.m16n8k16"));
        Assert.Equal(3, Regex.Count(kernel.Ptx, @"cp\.async\."));
        Assert.Single(Regex.Matches(kernel.Ptx, @"cvt\.rn\.f16x2\.f32"));

        string turing = kernel.TuringPtx!;
        Assert.Contains(".target sm_75\n", turing, StringComparison.Ordinal);
        Assert.DoesNotContain("m16n8k16", turing, StringComparison.Ordinal);
        Assert.DoesNotContain("cp.async", turing, StringComparison.Ordinal);
        Assert.DoesNotContain("f16x2", turing, StringComparison.Ordinal);
        Assert.Equal(1, Regex.Count(turing, @"@reads ld\.global\.v4\.b32"));
        Assert.Equal(2, Regex.Count(turing, @"cvt\.rn\.f16\.f32"));
        Assert.Equal(1, Regex.Count(turing, @"ldmatrix\.sync\.aligned\.m8n8\.x4\.shared\.b16"));
    }

    [Fact]
    public void A_product_of_sm_80_is_two_of_half_the_depth_one_added_to_the_other()
    {
        CompiledKernel kernel = Translate(nameof(TuringKernels.MultiplyOnTensorCores), "sm_75");
        Match[] whole = Product16().Matches(kernel.Ptx).ToArray();
        Match[] halves = Product8().Matches(kernel.TuringPtx!).ToArray();
        Assert.Equal((2, 4), (whole.Length, halves.Length));
        for (int i = 0; i < whole.Length; i++)
        {
            string[] left = whole[i].Groups["left"].Value.Split(", ");
            string[] right = whole[i].Groups["right"].Value.Split(", ");
            Assert.Equal((4, 2), (left.Length, right.Length));
            Check(halves[2 * i], "x, y, z, w", left[..2], right[0], whole[i].Groups["before"].Value);
            Check(halves[2 * i + 1], whole[i].Groups["sums"].Value, left[2..], right[1], "x, y, z, w");
        }

        static void Check(Match product, string sums, string[] left, string right, string before)
        {
            Assert.Equal(sums, product.Groups["sums"].Value);
            Assert.Equal(string.Join(", ", left), product.Groups["left"].Value);
            Assert.Equal(right, product.Groups["right"].Value);
            Assert.Equal(before, product.Groups["before"].Value);
        }
    }

    [Theory]
    [InlineData(nameof(TuringKernels.MultiplyOnTensorCores), "sm_80")]
    [InlineData(nameof(TuringKernels.Exchange), "sm_75")]
    [InlineData(nameof(TuringKernels.Exchange), "sm_80")]
    public void Other_kernels_have_one_text(string kernel, string target)
    {
        CompiledKernel compiled = Translate(kernel, target);
        Assert.Null(compiled.TuringPtx);
        Assert.Contains($".target {target}\n", compiled.Ptx, StringComparison.Ordinal);
    }

    private static CompiledKernel Translate(string kernel, string target)
    {
        MethodInfo method = typeof(TuringKernels).GetMethod(kernel)!;
        return KernelTranslator.Translate(new KernelEntry(method, new KernelAttribute(32) { Target = target }));
    }

    [GeneratedRegex(@"m16n8k16\.row\.col\.f32\.f16\.f16\.f32 \{(?<sums>[^}]*)\}, \{(?<left>[^}]*)\}, \{(?<right>[^}]*)\}, \{(?<before>[^}]*)\};")]
    private static partial Regex Product16();

    [GeneratedRegex(@"m16n8k8\.row\.col\.f32\.f16\.f16\.f32 \{(?<sums>[^}]*)\}, \{(?<left>[^}]*)\}, \{(?<right>[^}]*)\}, \{(?<before>[^}]*)\};")]
    private static partial Regex Product8();
}
