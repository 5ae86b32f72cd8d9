namespace Gsasr.Tensors.Cuda;

/// <summary>Reads from PTX what a kernel's parameters hold, which the driver does not tell.</summary>
internal static class PtxParameters
{
    /// <summary>The parameters of a kernel; null if the text has no such kernel or a parameter is none that can be given.</summary>
    /// <param name="ptx">The PTX of a module.</param>
    /// <param name="kernel">The kernel's name.</param>
    public static KernelArgumentKind[]? Read(ReadOnlySpan<char> ptx, string kernel)
    {
        // .visible .entry name(
        //     .param .u64 name_param_0,
        //     .param .f32 name_param_1
        // )
        string head = $".entry {kernel}(";
        int start = ptx.IndexOf(head, StringComparison.Ordinal);
        if (start < 0)
            return null;
        ReadOnlySpan<char> list = ptx[(start + head.Length)..];
        int end = list.IndexOf(')');
        if (end < 0)
            return null;
        var kinds = new List<KernelArgumentKind>();
        foreach (ReadOnlySpan<char> line in list[..end].EnumerateLines())
        {
            ReadOnlySpan<char> parameter = line.Trim();
            if (parameter.IsEmpty)
                continue;
            if (parameter.StartsWith(".param .u64 "))
                kinds.Add(KernelArgumentKind.Buffer);
            else if (parameter.StartsWith(".param .u32 "))
                kinds.Add(KernelArgumentKind.Int32);
            else if (parameter.StartsWith(".param .f32 "))
                kinds.Add(KernelArgumentKind.Float32);
            else
                return null;
        }

        return [.. kinds];
    }
}
