using Gsasr.Kernels;

namespace Gsasr.KernelCompiler.Tests;

public sealed class OpenClTextTests
{
    private const string Text = """
        struct type_731;
        typedef local int* type_733;

        kernel void Kernel_Sample(
        	global int* view_0,
        	struct type_731_kernel var0)
        {
        	local int var6[4];
        	var7 = &var6[0];

        	L_44: ;
        	 work_group_barrier ( CLK_GLOBAL_MEM_FENCE );
        	var28 =  *  var27;
        	var29 =  atomic_fetch_add ((atomic_int*)var7, (int)var28);
        	 atomic_fetch_min ((atomic_uint*)var31, (uint)var28);
        	if (var11)
        		 goto L_51;
        	 goto L_44;

        	L_51: ;
        	 return ;
        }

        """;

    private const string Mended = """
        struct type_0;
        typedef local int* type_1;

        __attribute__((reqd_work_group_size(64, 1, 1)))
        kernel void Kernel_Sample(
        	global int* view_0,
        	struct type_0_kernel var0)
        {
        	local int var6[4] __attribute__((aligned(16)));
        	var7 = &var6[0];

        	L_2: ;
        	 barrier(CLK_LOCAL_MEM_FENCE);
        	var28 =  *  var27;
        	var29 =  atomic_add(var7, (int)var28);
        	 atomic_min(var31, (uint)var28);
        	if (var11)
        		 goto L_3;
        	 goto L_2;

        	L_3: ;
        	 return ;
        }

        """;

    private static readonly KernelAttribute s_attribute = new(64);

    private static string Expected => Mended.ReplaceLineEndings("\n");

    [Fact]
    public void All_that_has_to_be_corrected_is() => Assert.Equal(Expected, OpenClText.Correct(Text, s_attribute));

    [Fact]
    public void Line_endings_are_the_same_on_every_system() =>
        Assert.Equal(Expected, OpenClText.Correct(Text.ReplaceLineEndings("\r\n"), s_attribute));

    [Fact]
    public void The_counters_of_names_leave_no_trace()
    {
        string other = Text.Replace("type_73", "type_99", StringComparison.Ordinal).Replace("L_44", "L_5", StringComparison.Ordinal);
        Assert.NotEqual(Text, other);
        Assert.Equal(Expected, OpenClText.Correct(other, s_attribute));
    }

    [Fact]
    public void A_value_kept_in_one_block_is_not_read_in_another()
    {
        // var9 keeps var3, and var8 var4, while the first block swaps them; var7 is an ordinary variable.
        const string Swap = "\tint var3;\n\tint var9;\n\tL_1: ;\n\tvar9 = var3;\n\tvar3 = var4;\n\tvar8 = var4;\n\tvar4 = var9;\n\t goto L_2;\n\n";
        const string Read = "\tL_2: ;\n\tvar7 = var9;\n\tvar6 = var8;\n\tvar7 =  var6;\n";
        const string Right = "\tL_2: ;\n\tvar7 = var3;\n\tvar6 = var4;\n\tvar7 =  var6;\n";
        Assert.Equal(Swap + Right, KeptPhis.Correct(Swap + Read));
    }

    [Fact]
    public void A_variable_with_other_uses_keeps_no_value()
    {
        const string Moves = "\tL_1: ;\n\tvar9 = var3;\n\tvar3 = var4;\n\tL_2: ;\n\tvar7 = var9;\n";
        Assert.NotEqual(Moves, KeptPhis.Correct(Moves));
        foreach (string other in (string[])["\tvar5 = (int)((int) var9 +  (int)var1);\n", "\tvar9 = var2;\n", "\tvar9 = 0;\n"])
            Assert.Equal(Moves + other, KeptPhis.Correct(Moves + other));
    }

    [Theory]
    [InlineData("kernel void Kernel_Sample", "void Sample", "one kernel function")]
    [InlineData("var28 =  *  var27;", "var28 = *(__generic int*)var27;", "'__generic'")]
    [InlineData("work_group_barrier ( CLK_GLOBAL_MEM_FENCE )", "work_group_barrier(CLK_IMAGE_MEM_FENCE)", "'work_group_barrier'")]
    [InlineData("atomic_fetch_add ((atomic_int*)var7, ", "atomic_fetch_add (&var7[3], ", "'atomic_fetch_add'")]
    [InlineData("atomic_fetch_add ((atomic_int*)var7, ", "atomic_exchange ((atomic_int*)var7, ", "'(atomic_int*)'")]
    [InlineData("atomic_fetch_add ((atomic_int*)var7, ", "atomic_load_explicit(var7, ", "'atomic_load_explicit'")]
    [InlineData("var28 =  *  var27;", "var28 = sub_group_broadcast(var27, 0);", "'sub_group_broadcast'")]
    public void Text_that_does_not_look_as_expected_stops_the_build(string old, string replacement, string reason)
    {
        string text = Text.Replace(old, replacement, StringComparison.Ordinal);
        Assert.NotEqual(Text, text);
        var exception = Assert.Throws<FormatException>(() => OpenClText.Correct(text, s_attribute));
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }
}
